/** Punycode by RFC 3492; undefined for what it cannot encode or decode. */

const base = 36;
const initialN = 128;
const initialBias = 72;
const maxCodePoint = 0x10ffff;

function adapted(delta: number, points: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : delta >> 1;
  rest += Math.floor(rest / points);
  let k = 0;
  for (; rest > 455; k += base) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}

const threshold = (k: number, bias: number): number => Math.min(Math.max(k - bias, 1), 26);
const digitOf = (value: number): string => String.fromCharCode(value < 26 ? value + 97 : value + 22);

function digitValue(digit: string): number {
  if (/^[a-z]$/i.test(digit)) return digit.toLowerCase().charCodeAt(0) - 97;
  return /^[0-9]$/.test(digit) ? digit.charCodeAt(0) - 22 : base;
}

export function toPunycode(text: string): string | undefined {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  const basic = points.filter((point) => point < initialN);
  let output = String.fromCharCode(...basic);
  let handled = basic.length;
  if (handled > 0) output += '-';
  let [n, delta, bias] = [initialN, 0, initialBias];
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    if (!Number.isSafeInteger(delta)) return undefined;
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      let q = delta;
      for (let k = base; ; k += base) {
        const t = threshold(k, bias);
        if (q < t) break;
        output += digitOf(t + ((q - t) % (base - t)));
        q = Math.floor((q - t) / (base - t));
      }
      output += digitOf(q);
      bias = adapted(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

export function fromPunycode(text: string): string | undefined {
  if (!/^[\0-\x7f]*$/.test(text)) return undefined;
  const end = text.lastIndexOf('-');
  const output = [...text.slice(0, Math.max(end, 0))].map((character) => character.charCodeAt(0));
  let [n, i, bias] = [initialN, 0, initialBias];
  for (let at = end < 0 ? 0 : end + 1; at < text.length; ) {
    const before = i;
    let weight = 1;
    for (let k = base; ; k += base) {
      const digit = at < text.length ? digitValue(text.charAt(at++)) : base;
      if (digit >= base) return undefined;
      i += digit * weight;
      if (!Number.isSafeInteger(i)) return undefined;
      const t = threshold(k, bias);
      if (digit < t) break;
      weight *= base - t;
    }
    bias = adapted(i - before, output.length + 1, before === 0);
    n += Math.floor(i / (output.length + 1));
    if (n > maxCodePoint) return undefined;
    i %= output.length + 1;
    output.splice(i++, 0, n);
  }
  return String.fromCodePoint(...output);
}

/** A domain name with its labels in Punycode behind `xn--`, where they need it. */
export function domainToPunycode(domain: string): string | undefined {
  return overLabels(domain, (label) => {
    if (/^[\0-\x7f]*$/.test(label)) return label;
    const encoded = toPunycode(label);
    return encoded === undefined ? undefined : `xn--${encoded}`;
  });
}

export function domainFromPunycode(domain: string): string | undefined {
  return overLabels(domain, (label) => (/^xn--/i.test(label) ? fromPunycode(label.slice(4)) : label));
}

function overLabels(domain: string, apply: (label: string) => string | undefined): string | undefined {
  const labels = domain.split(/[.\u3002\uff0e\uff61]/).map(apply);
  return labels.every((label) => label !== undefined) ? labels.join('.') : undefined;
}
