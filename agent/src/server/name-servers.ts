/** The name servers that the system asks beyond this machine. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** systemd-resolved keeps the real ones here, and names only itself in resolv.conf. */
const FILES = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];

export async function systemNameServers(files: readonly string[] = FILES): Promise<string[]> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = parseNameServers(text);
    if (found.length > 0) return found;
  }
  return [];
}

export function parseNameServers(text: string): string[] {
  const found = text.split('\n').flatMap((line) => {
    const [key, address = ''] = line.trim().split(/\s+/);
    return key === 'nameserver' && isIP(address) !== 0 && !isLoopback(address) && !address.includes('%')
      ? [address]
      : [];
  });
  return [...new Set(found)].slice(0, 8);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
