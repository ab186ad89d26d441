import { deflateRawSync, gunzipSync, inflateSync } from 'node:zlib';

/** Texts packed by gzip or zlib and written in Base64. */

/** A packed text larger than this unpacks to nothing. */
const maxBytes = 16 * 1024 * 1024;

/** DEFLATE, or stored as it is where that would be longer. */
function deflated(data: Buffer): Buffer {
  const packed = deflateRawSync(data, { level: 1 });
  if (packed.length < data.length || data.length > 0xffff) return packed;
  const header = Buffer.alloc(5);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(data.length, 1);
  header.writeUInt16LE(0xffff - data.length, 3);
  return Buffer.concat([header, data]);
}

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(data: Buffer): number {
  let value = 0xffffffff;
  for (const byte of data) value = (crcTable[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function adler32(data: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** gzip without a time or a name, of an unknown operating system. */
export function gzipText(text: string): string {
  const data = Buffer.from(text);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length % 2 ** 32, 4);
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  return Buffer.concat([header, deflated(data), trailer]).toString('base64');
}

export function zlibText(text: string): string {
  const data = Buffer.from(text);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(adler32(data), 0);
  return Buffer.concat([Buffer.from([0x78, 0x01]), deflated(data), trailer]).toString('base64');
}

function unpacked(
  encoded: string,
  unpack: (data: Buffer, options: { maxOutputLength: number }) => Buffer,
): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return '';
  try {
    const bytes = unpack(Buffer.from(encoded, 'base64'), { maxOutputLength: maxBytes });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // What cannot be unpacked is empty, by the functions' contract.
    return '';
  }
}

export const gunzipText = (encoded: string): string => unpacked(encoded, gunzipSync);
export const unzlibText = (encoded: string): string => unpacked(encoded, inflateSync);
