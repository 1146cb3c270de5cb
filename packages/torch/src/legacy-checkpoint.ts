/**
 * The format of torch before 1.6: five pickles (a magic number, a version, the machine, the state dict, the
 * keys of its storages), then for each key the number of its elements and the elements.
 */
import { refusal } from './errors.ts';
import { LEGACY_MAGIC_BYTES } from './format.ts';
import { CutPickle, unpickle, type Unpickled } from './pickle/machine.ts';
import { Dict, kindOf, List, recordBytes, type StorageRef, type Value } from './pickle/values.ts';
import type { FileRange, Unpacked } from './records.ts';
import { readExactly, type TorchSource } from './source.ts';

/**
 * The pickles are read in one piece: this much first, twice as much while that is too little, and never
 * more than the last.
 */
const FIRST_BYTES = 2 ** 18;
const MOST_BYTES = 64 * 2 ** 20;

const VERSION = 1001;

/** Bytes of the number before each storage. */
const COUNT_BYTES = 8;

/** Reads the pickles. Errors: `MALFORMED_FILE`, and those of the source. */
export async function unpackLegacy(source: TorchSource): Promise<Unpacked> {
  const { main, keys, end } = await readPickles(source);
  const places = placesOf(main.storages, keys, end, source.size);
  const placeOf = ({ key }: StorageRef): FileRange => {
    const place = places.get(key);
    if (place === undefined) throw refusal('container', `no data of storage ${key}`);
    return place;
  };
  return {
    value: main.value,
    read: async (storage) => {
      const { offset, byteLength } = placeOf(storage);
      const bytes = await readExactly(source, offset - COUNT_BYTES, COUNT_BYTES + byteLength);
      checkCount(storage, bytes);
      return bytes.subarray(COUNT_BYTES);
    },
    locate: async (storage) => {
      const place = placeOf(storage);
      checkCount(storage, await readExactly(source, place.offset - COUNT_BYTES, COUNT_BYTES));
      return place;
    },
  };
}

interface Pickles {
  readonly main: Unpickled;
  /** Keys of storages, in the order of their data. */
  readonly keys: readonly string[];
  /** Where the data begin. */
  readonly end: number;
}

async function readPickles(source: TorchSource): Promise<Pickles> {
  for (let length = Math.min(FIRST_BYTES, source.size); ; length = Math.min(2 * length, source.size)) {
    try {
      return parsePickles(await readExactly(source, 0, length));
    } catch (error) {
      if (!(error instanceof CutPickle)) throw error;
      if (length === source.size) throw refusal('container', 'it ends in the middle of its pickles');
      if (length >= MOST_BYTES) throw refusal('container', `its pickles are longer than ${MOST_BYTES} bytes`);
    }
  }
}

function parsePickles(bytes: Uint8Array): Pickles {
  const version = frame(bytes, LEGACY_MAGIC_BYTES);
  if (version.value !== VERSION)
    throw refusal('container', `its version must be ${VERSION}, got ${kindOf(version.value)}`);
  const machine = frame(bytes, version.end);
  checkMachine(machine.value);
  const main = unpickle(bytes, machine.end, 6);
  const list = frame(bytes, main.end);
  return { main, keys: keysOf(list.value), end: list.end };
}

/** A pickle of the frame around the state dict: nothing in it can name anything. */
function frame(bytes: Uint8Array, start: number): Unpickled {
  const pickle = unpickle(bytes, start, 6);
  if (pickle.storages.size > 0) throw refusal('container', 'a storage outside the state dict');
  return pickle;
}

/** Checks the byte order. The sizes of types mean nothing: those of elements follow from their classes. */
function checkMachine(value: Value): void {
  if (!(value instanceof Dict))
    throw refusal('container', `its machine must be a dict, got ${kindOf(value)}`);
  const order = value.entries.find(({ key }) => key === 'little_endian')?.value;
  if (order !== true)
    throw refusal('unsupported', `little_endian must be True, got ${kindOf(order ?? null)}`);
}

function keysOf(value: Value): readonly string[] {
  if (!(value instanceof List)) throw refusal('container', `its keys must be a list, got ${kindOf(value)}`);
  return value.items.map((key) => {
    if (typeof key === 'string') return key;
    throw refusal('container', `the key of a storage must be a string, got ${kindOf(key)}`);
  });
}

/** Where the elements of each storage lie: one after the other, to the very end. */
function placesOf(
  storages: ReadonlyMap<string, StorageRef>,
  keys: readonly string[],
  start: number,
  fileSize: number,
): ReadonlyMap<string, FileRange> {
  const places = new Map<string, FileRange>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || places.has(key)) {
      const why = storage === undefined ? 'no tensor names' : 'stands twice among its keys';
      throw refusal('container', `storage ${JSON.stringify(key.slice(0, 40))}, which ${why}`);
    }
    const byteLength = recordBytes(storage);
    places.set(key, { offset: at + COUNT_BYTES, byteLength });
    at += COUNT_BYTES + byteLength;
    if (at > fileSize) throw refusal('container', `storage ${key} reaches behind its end, ${fileSize}`);
  }
  if (places.size !== storages.size)
    throw refusal(
      'container',
      `it has keys of ${places.size} storages, and its tensors name ${storages.size}`,
    );
  if (at !== fileSize) throw refusal('container', `its storages end at ${at}, and the file at ${fileSize}`);
  return places;
}

function checkCount({ key, count }: StorageRef, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, COUNT_BYTES);
  const stored = view.getBigInt64(0, true);
  if (stored !== BigInt(count))
    throw refusal('container', `storage ${key} is said to hold ${count} elements, and its data ${stored}`);
}
