import { linuxWebShell } from './linux-web-shell.ts';
import { macosStealer } from './macos-stealer.ts';
import type { Story } from './story.ts';
import { windowsMacro } from './windows-macro.ts';
import { windowsRansomware } from './windows-ransomware.ts';

export type { Story } from './story.ts';
export const stories: readonly Story[] = [windowsMacro, linuxWebShell, windowsRansomware, macosStealer];
