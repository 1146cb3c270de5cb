/**
 * The format of torch since 1.6: a zip with `<root>/data.pkl`, and a record `<root>/data/<key>` for each
 * storage.
 */
import { refusal } from './errors.ts';
import { CutPickle, unpickle, type Unpickled } from './pickle/machine.ts';
import { recordBytes, type StorageRef } from './pickle/values.ts';
import type { FileRange, Unpacked } from './records.ts';
import { readExactly, type TorchSource } from './source.ts';
import { dataOffset, headerBytes, readDirectory, type ZipEntry } from './zip.ts';

/** The longest pickle: it holds names and shapes, no numbers. */
const MOST_PICKLE_BYTES = 64 * 2 ** 20;

/** The longest `byteorder`, which holds one word. */
const MOST_WORD_BYTES = 16;

/** Reads the directory and the pickle. Errors: `MALFORMED_FILE`, and those of the source. */
export async function unpackZip(source: TorchSource): Promise<Unpacked> {
  const entries = await readDirectory(source);
  const root = rootOf(entries);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  await checkByteOrder(source, byName.get(`${root}/byteorder`));
  const pickle = await readPickle(source, byName.get(`${root}/data.pkl`));
  const records = new Map<string, ZipEntry>();
  for (const storage of pickle.storages.values())
    records.set(storage.key, recordOf(storage, byName.get(`${root}/data/${storage.key}`)));
  // The header of a record is checked when it is read; those of the few other entries are checked now.
  const used = new Set(records.values());
  await Promise.all(entries.filter((entry) => !used.has(entry)).map((entry) => locate(source, entry)));
  const entryOf = ({ key }: StorageRef): ZipEntry => {
    const entry = records.get(key);
    if (entry === undefined) throw refusal('container', `no record of storage ${key}`);
    return entry;
  };
  return {
    value: pickle.value,
    read: async (storage) => {
      const entry = entryOf(storage);
      // One request brings the local header along.
      const bytes = await readExactly(source, entry.offset, entry.limit - entry.offset);
      const start = dataOffset(entry, bytes) - entry.offset;
      return bytes.subarray(start, start + entry.size);
    },
    locate: (storage) => locate(source, entryOf(storage)),
  };
}

/** The folder that holds everything. Errors: `MALFORMED_FILE`. */
function rootOf(entries: readonly ZipEntry[]): string {
  const pickles = entries.filter(({ name }) => name.endsWith('/data.pkl') || name === 'data.pkl');
  const [root] = pickles.map(({ name }) => name.slice(0, -'/data.pkl'.length));
  if (pickles.length !== 1 || root === '' || root.includes('/')) {
    const listed = entries.slice(0, 4).map(({ name }) => name);
    throw refusal(
      'container',
      `expected one data.pkl in one folder, got ${listed.join(', ') || 'no entries'}`,
    );
  }
  const stranger = entries.find(({ name }) => !name.startsWith(`${root}/`));
  if (stranger !== undefined)
    throw refusal('container', `entry ${JSON.stringify(stranger.name)} lies outside its folder ${root}`);
  if (entries.some(({ name }) => name === `${root}/constants.pkl`))
    throw refusal('format', 'it is a TorchScript archive, which holds a program');
  return root;
}

async function locate(source: TorchSource, entry: ZipEntry): Promise<FileRange> {
  const header = await readExactly(source, entry.offset, headerBytes(entry));
  return { offset: dataOffset(entry, header), byteLength: entry.size };
}

async function readEntry(source: TorchSource, entry: ZipEntry): Promise<Uint8Array> {
  const { offset, byteLength } = await locate(source, entry);
  return readExactly(source, offset, byteLength);
}

async function checkByteOrder(source: TorchSource, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return;
  const word = entry.size > MOST_WORD_BYTES ? undefined : await readEntry(source, entry);
  const order = word && new TextDecoder('latin1').decode(word);
  if (order === 'little') return;
  const text = order === undefined ? `a word of ${entry.size} bytes` : JSON.stringify(order);
  throw refusal('unsupported', `the byte order must be little, got ${text}`);
}

async function readPickle(source: TorchSource, entry: ZipEntry | undefined): Promise<Unpickled> {
  if (entry === undefined || entry.size > MOST_PICKLE_BYTES)
    throw refusal('container', `a pickle of ${entry?.size} bytes`);
  const bytes = await readEntry(source, entry);
  try {
    const pickle = unpickle(bytes, 0, 5);
    if (pickle.end === bytes.length) return pickle;
    throw refusal('pickle', `it ends at byte ${pickle.end} of ${bytes.length}`);
  } catch (error) {
    if (error instanceof CutPickle) throw refusal('pickle', 'it ends in the middle of an opcode');
    throw error;
  }
}

function recordOf(storage: StorageRef, entry: ZipEntry | undefined): ZipEntry {
  const { key, count, dtype } = storage;
  if (entry === undefined) throw refusal('container', `no record of storage ${key}`);
  if (entry.size === recordBytes(storage)) return entry;
  throw refusal('tensor', `storage ${key} of ${count} ${dtype} has a record of ${entry.size} bytes`);
}
