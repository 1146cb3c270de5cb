/**
 * Small files, cut at every byte, with bytes changed and opcodes exchanged: each gives a result or one
 * typed error, soon, and nothing else.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttnError } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { openTorch } from './read.ts';
import { bytesSource } from './source.ts';

const FILES = ['old_zip_1_6', 'root_archive', 'legacy_unsorted_keys', 'same_object_twice_legacy'] as const;

const OPCODES = [...'.(chqrjNKMJGXU)tae]}sRQb'].map((each) => each.charCodeAt(0));
OPCODES.push(0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a);

function fileOf(name: string): Uint8Array {
  const path = join(import.meta.dirname, '../goldens/state', name, 'pytorch_model.bin');
  return new Uint8Array(readFileSync(path));
}

/** Reads everything. True for a result, false for a typed error; anything else is thrown on. */
async function isRead(bytes: Uint8Array): Promise<boolean> {
  try {
    const file = await openTorch(bytesSource(bytes));
    for (const name of file.names) await file.bytes(name);
    return true;
  } catch (error) {
    if (error instanceof AttnError && error.code === 'MALFORMED_FILE') return false;
    throw error;
  }
}

describe.each(FILES)('%s', (name) => {
  const file = fileOf(name);

  test('is whole', async () => expect(await isRead(file)).toBe(true));

  test('cut at any byte, it is refused', async () => {
    for (let at = 0; at < file.length; at++) expect(await isRead(file.subarray(0, at)), `${at}`).toBe(false);
  });

  test('with any byte changed, it is read or refused', async () => {
    const random = mulberry32(1);
    let results = 0;
    for (let at = 0; at < file.length; at++) {
      for (const change of [1, 0x80, 1 + Math.floor(random() * 255)]) {
        const changed = file.slice();
        changed[at] ^= change;
        results += Number(await isRead(changed));
      }
    }
    // Most bytes are numbers and padding.
    expect(results).toBeGreaterThan(0);
    expect(results).toBeLessThan(3 * file.length);
  });

  test('with opcodes exchanged, bytes left out and put in, it is read or refused', async () => {
    const random = mulberry32(2);
    const any = (below: number): number => Math.floor(random() * below);
    for (let round = 0; round < 2000; round++) {
      const at = any(Math.min(file.length, 1200));
      const changed = [...file];
      const opcode = OPCODES[any(OPCODES.length)];
      const kind = any(4);
      if (kind === 0) changed[at] = opcode;
      else if (kind === 1) changed.splice(at, 1 + any(4));
      else if (kind === 2) changed.splice(at, 0, opcode);
      else changed.splice(at, 0, ...changed.slice(at, at + any(40)));
      await isRead(Uint8Array.from(changed));
    }
  });
});
