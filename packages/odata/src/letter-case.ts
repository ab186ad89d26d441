/** Letter case a character at a time, as stores have it: no letter becomes two, none looks at its neighbours. */

export function lower(text: string): string {
  return Array.from(text, (char) => String.fromCodePoint(char.toLowerCase().codePointAt(0) ?? 0)).join('');
}

export function upper(text: string): string {
  return Array.from(text, (char) => {
    const big = char.toUpperCase();
    return [...big].length === 1 ? big : char;
  }).join('');
}
