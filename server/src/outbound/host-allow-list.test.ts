import { describe, expect, it } from 'vitest';
import { hostAllowList } from './host-allow-list.ts';

const refusal = (entries: string[], url: string) => hostAllowList(entries).refusal(new URL(url));

describe('the list of hosts', () => {
  it.each([
    ['lists.example.com', 'https://lists.example.com/a'],
    ['lists.example.com', 'https://LISTS.example.com.:443/a'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['https://lists.example.com:8443', 'https://lists.example.com:8443/'],
    ['http://mirror.internal', 'http://mirror.internal/x'],
    ['[2001:4860::1]', 'https://[2001:4860::1]/'],
  ])('%s allows %s', (entry, url) => {
    expect(refusal([entry], url)).toBeNull();
  });

  it.each([
    ['lists.example.com', 'http://lists.example.com/', /not by http/],
    ['lists.example.com', 'https://lists.example.com:8443/', /port 8443/],
    ['lists.example.com', 'https://evil-lists.example.com/', /not on/],
    ['lists.example.com', 'https://lists.example.com.evil.net/', /not on/],
    ['*.example.com', 'https://example.com/', /not on/],
    ['*.example.com', 'https://badexample.com/', /not on/],
    ['http://mirror.internal', 'https://mirror.internal/', /not by https/],
    ['lists.example.com', 'https://user:pw@lists.example.com/', /user name/],
    ['lists.example.com', 'https://lists.example.com@evil.net/', /user name/],
    ['10.0.0.0/8', 'https://10.1.2.3/', /not on/],
  ])('%s does not allow %s', (entry, url, why) => {
    expect(refusal([entry], url)).toMatch(why);
  });

  it.each([
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['192.168.1.1', false],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['::ffff:10.0.0.1', false],
    ['64:ff9b::a00:1', false],
    ['2002:a00:1::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['8.8.8.8', true],
    ['2606:4700::1', true],
    ['not an address', false],
  ])('%s may be connected to: %s', (address, may) => {
    expect(hostAllowList(['lists.example.com']).mayConnect(address)).toBe(may);
  });

  it('lets private addresses be reached that are listed, and no others', () => {
    const list = hostAllowList(['mirror.internal', '10.20.0.0/16', 'http://192.168.7.7:8080', 'fd12::/32']);
    for (const address of ['10.20.1.1', '192.168.7.7', 'fd12::5'])
      expect(list.mayConnect(address)).toBe(true);
    for (const address of ['10.21.1.1', '192.168.7.8', 'fd13::5'])
      expect(list.mayConnect(address)).toBe(false);
  });

  it.each(['a b', 'https://x/path', 'ftp://x', '*', 'a.*.b', '10.0.0.0/33', '300.0.0.0/8', 'https://u:p@x'])(
    'does not take %j as an entry',
    (entry) => {
      expect(() => hostAllowList([entry])).toThrow(`"${entry}"`);
    },
  );
});
