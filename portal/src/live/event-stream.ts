/** Server-sent events as they come in, piece by piece. Pure. */

export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Longest event that is waited for; what is longer is none of ours. */
const MAX_CHARS = 1_000_000;

/** Takes text as it arrives and gives the events that are whole. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_CHARS) rest = '';
    return blocks.map(eventOf).filter((event) => event !== null);
  };
}

function eventOf(block: string): ServerEvent | null {
  const fields = { event: 'message', id: '', data: '' };
  for (const line of block.split(/\r?\n/)) {
    const at = line.indexOf(':');
    const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
    if (name === 'data') fields.data += fields.data === '' ? value : `\n${value}`;
    else if (name === 'event' || name === 'id') fields[name] = value;
  }
  return fields.data === '' ? null : fields;
}
