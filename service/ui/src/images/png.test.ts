/** PNG: every filter and depth as libpng writes them, and nothing that a hostile file may bring. */
import { readFileSync } from 'node:fs';
import { deflateSync, crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BadPicture, decodePng, MOST_PIXELS } from './png';

const FIXTURES = `${__dirname}/fixtures`;
const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(buffer);

/** What `fixtures/make.py` says of each pixel. */
const truth = (x: number, y: number): number => (x * x * 31 + y * 2467 + x * y * 3) % 65536;

describe('files of libpng', () => {
  for (const filter of ['none', 'sub', 'up', 'average', 'paeth']) {
    for (const bits of [8, 16]) {
      it(`${filter}, ${bits} bits`, async () => {
        const found = await decodePng(bytes(readFileSync(`${FIXTURES}/${filter}-${bits}.png`)));
        expect([found.width, found.height]).toEqual([37, 23]);
        const wanted = Array.from({ length: 37 * 23 }, (_, i) => truth(i % 37, Math.floor(i / 37)) >> (16 - bits));
        expect([...found.grey]).toEqual(wanted);
      });
    }
  }

  it('reads a file whose data are in many chunks', async () => {
    const rows = Buffer.concat(Array.from({ length: 40 }, (_, y) => Buffer.from([0, ...Array(50).fill(y)])));
    const packed = deflateSync(rows);
    const parts = Array.from({ length: Math.ceil(packed.length / 7) }, (_, i) => packed.subarray(7 * i, 7 * i + 7));
    const found = await decodePng(file(header(50, 40, 8), ...parts.map((part) => chunk('IDAT', part)), chunk('IEND')));
    expect(found.grey[39 * 50 + 49]).toBe(39);
  });
});

function chunk(name: string, body: Uint8Array = new Uint8Array()): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

function header(width: number, height: number, bits: number, colours = 0, interlace = 0): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([bits, colours, 0, 0, interlace], 8);
  return chunk('IHDR', body);
}

function file(...chunks: Buffer[]): Uint8Array<ArrayBuffer> {
  return bytes(Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks]));
}

const data = (size: number): Buffer => chunk('IDAT', deflateSync(Buffer.alloc(size)));

describe('what is no picture', () => {
  const wrong: Record<string, Uint8Array<ArrayBuffer>> = {
    'another format': bytes(Buffer.from('GIF89a and more bytes than eight')),
    nothing: new Uint8Array(),
    'no header': file(data(12), chunk('IEND')),
    'two headers': file(header(3, 3, 8), header(300, 300, 8), data(12)),
    'a header that is too short': file(chunk('IHDR', Buffer.alloc(12)), data(12)),
    'no pixels': file(header(0, 5, 8), data(5)),
    'more pixels than a page can hold': file(header(MOST_PIXELS, 2, 8), data(5)),
    'a size that overflows': file(header(2 ** 31, 2 ** 31, 16), data(5)),
    'four bits': file(header(3, 3, 4), data(12)),
    colours: file(header(3, 3, 8, 2), data(30)),
    interlaced: file(header(3, 3, 8, 0, 1), data(12)),
    'too little data': file(header(3, 3, 8), data(11)),
    'no data': file(header(3, 3, 8), chunk('IEND')),
    'data that are not packed': file(header(3, 3, 8), chunk('IDAT', Buffer.alloc(12))),
    'a filter that there is not': file(header(3, 1, 8), chunk('IDAT', deflateSync(Buffer.from([7, 0, 0, 0])))),
    'a chunk beyond the end': file(header(3, 3, 8), Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x49, 0x44, 0x41, 0x54, 0, 0, 0, 0])),
    'cut off': file(header(3, 3, 8), data(12)).slice(0, 40),
  };
  for (const [name, hostile] of Object.entries(wrong)) {
    it(name, () => expect(decodePng(hostile)).rejects.toBeInstanceOf(BadPicture));
  }

  it('a small file that unpacks to a large one is left where it goes past its size', async () => {
    const bomb = file(header(3, 3, 8), data(20_000_000), chunk('IEND'));
    await expect(decodePng(bomb)).rejects.toThrow('more than its size');
  });
});
