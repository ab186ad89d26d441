/** Facts that go through a browser and come back: readable by it, and of no use when changed or late. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Sealer {
  seal(facts: Readonly<Record<string, string>>, secondsToLive: number): string;
  /** Null: not ours, changed, ended, or sealed for something else. */
  open(text: string): Readonly<Record<string, string>> | null;
}

/** `purpose` keeps what was sealed for one thing from being taken for another. */
export function createSealer(key: string, purpose: string, now: () => Date): Sealer {
  const mark = (body: string) => createHmac('sha256', key).update(`${purpose} ${body}`).digest();
  return {
    seal(facts, secondsToLive) {
      const ends = String(now().getTime() + secondsToLive * 1_000);
      const body = Buffer.from(JSON.stringify({ ...facts, ends })).toString('base64url');
      return `${body}.${mark(body).toString('base64url')}`;
    },
    open(text) {
      const [body = '', given = ''] = text.split('.');
      const wanted = mark(body);
      const sent = Buffer.from(given, 'base64url');
      if (sent.length !== wanted.length || !timingSafeEqual(sent, wanted)) return null;
      const facts = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, string>;
      return Number(facts.ends) > now().getTime() ? facts : null;
    },
  };
}
