/** What every agent looks for, so that a scan can be tried before anybody has written a rule. */
import type { YaraSource } from './yara-engine.ts';

/** The test file of EICAR, by its head and its tail: written out here it would itself be found by other scanners. */
export const builtInRules: YaraSource = {
  id: 'merlon',
  text: `
rule EICAR_Test_File {
  strings:
    $head = "X5O!P%@AP["
    $tail = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
  condition:
    $head at 0 and $tail and filesize <= 128
}
`,
};
