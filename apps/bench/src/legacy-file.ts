/**
 * Writes a checkpoint as PyTorch wrote them before 1.6: five pickles, then for each tensor the number of its
 * elements and the elements. Loading such files is measured without PyTorch.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { sizeOf } from '@attn/core/backend';
import type { Checkpoint } from '@attn/models/node';

/** The magic number, the version, and the machine: the first three pickles. */
const FRAME = Buffer.concat([
  Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
  Buffer.from('80024de9032e', 'hex'),
  pickle(
    dict([
      ['protocol_version', Buffer.from('4de903', 'hex')],
      ['little_endian', Buffer.of(0x88)],
      [
        'type_sizes',
        dict([
          ['short', int(2)],
          ['int', int(4)],
          ['long', int(4)],
        ]),
      ],
    ]),
  ),
]);

/** Writes the file. Tensors must be f32; one is in memory at a time. As in real files, nothing is aligned. */
export async function writeLegacyFile(path: string, checkpoint: Checkpoint): Promise<void> {
  // PyTorch's keys are addresses in decimal.
  const keys = checkpoint.names.map((_, i) => String(94_000_000_000_000 + 64 * i));
  const state = dict(
    checkpoint.names.map((tensorName, i) => [tensorName, tensor(keys[i], checkpoint.spec(tensorName).shape)]),
    call('collections OrderedDict', Buffer.from(')')),
  );
  const list = Buffer.concat([Buffer.from(']('), ...keys.map(text), Buffer.from('e')]);
  await using file = await open(path, 'w');
  await file.writeFile(Buffer.concat([FRAME, pickle(state), pickle(list)]));
  for (const tensorName of checkpoint.names)
    await writeStorage(file, (await checkpoint.tensor(tensorName)).data);
}

async function writeStorage(file: FileHandle, data: ArrayBufferView & ArrayLike<number>): Promise<void> {
  const count = Buffer.alloc(8);
  count.writeBigInt64LE(BigInt(data.length));
  await file.writeFile(count);
  await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** A tensor that fills its storage. */
function tensor(key: string, shape: readonly number[]): Buffer {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const storage = tuple([
    text('storage'),
    global('torch FloatStorage'),
    text(key),
    text('cpu'),
    int(sizeOf(shape)),
    Buffer.from('N'),
  ]);
  return call(
    'torch._utils _rebuild_tensor_v2',
    tuple([
      Buffer.concat([storage, Buffer.from('Q')]),
      int(0),
      tuple(shape.map(int)),
      tuple(strides.map(int)),
      Buffer.of(0x89),
      call('collections OrderedDict', Buffer.from(')')),
    ]),
  );
}

function pickle(value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x80, 2), value, Buffer.from('.')]);
}

function dict(entries: readonly (readonly [string, Buffer])[], empty: Buffer = Buffer.from('}')): Buffer {
  return Buffer.concat([
    empty,
    Buffer.from('('),
    ...entries.flatMap(([key, value]) => [text(key), value]),
    Buffer.from('u'),
  ]);
}

function tuple(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]);
}

function call(what: string, args: Buffer): Buffer {
  return Buffer.concat([global(what), args, Buffer.from('R')]);
}

/** A global: its module and its name. */
function global(what: string): Buffer {
  return Buffer.from(`c${what.replace(' ', '\n')}\n`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.from('X\0\0\0\0');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function int(value: number): Buffer {
  const bytes = Buffer.from('J\0\0\0\0');
  bytes.writeInt32LE(value, 1);
  return bytes;
}
