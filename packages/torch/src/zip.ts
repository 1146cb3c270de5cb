/**
 * The directory of a zip as torch writes it: every entry stored, one root folder, nothing between or around
 * the entries that is not accounted for. The format: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5. Other
 * zips are refused: two readers of one file must never see two files.
 */
import { refusal } from './errors.ts';
import { readExactly, type TorchSource } from './source.ts';

/** One record of the file. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** Bytes of its data. */
  readonly size: number;
  /** First byte of its local header. */
  readonly offset: number;
  /**
   * The byte after its data and whatever else belongs to it: where the next entry, or the directory,
   * begins.
   */
  readonly limit: number;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;

/** Bytes of a directory that are read at most, and entries: more than any checkpoint has. */
const MOST_DIRECTORY_BYTES = 16 * 2 ** 20;

/** A descriptor after the data, and a UTF-8 name. */
const KNOWN_FLAGS = 0x808;

/** Sizes, counts and offsets that stand elsewhere. */
const SATURATED_16 = 0xffff;
const SATURATED_32 = 0xffffffff;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** All entries, in the order in which they lie in the file. Errors: `MALFORMED_FILE`. */
export async function readDirectory(source: TorchSource): Promise<readonly ZipEntry[]> {
  const { entries, size, offset } = await readEnd(source);
  if (size > MOST_DIRECTORY_BYTES || entries * ENTRY_BYTES > size)
    throw damaged(`${entries} entries in a directory of ${size} bytes`);
  const directory = await readExactly(source, offset, size);
  const parsed = parseDirectory(directory, entries);
  parsed.sort((a, b) => a.offset - b.offset);
  const names = new Set<string>();
  return parsed.map((entry, i) => {
    if (names.has(entry.name)) throw damaged(`two entries of the name ${JSON.stringify(entry.name)}`);
    names.add(entry.name);
    const limit = i + 1 < parsed.length ? parsed[i + 1].offset : offset;
    if (i === 0 && entry.offset !== 0) throw damaged('bytes before the first entry');
    if (entry.offset + LOCAL_BYTES + entry.size > limit)
      throw damaged(`entry ${JSON.stringify(entry.name)} reaches into what follows it`);
    return { ...entry, limit };
  });
}

/**
 * Where the data of an entry begin, from its local header, which must say what the directory says. Errors:
 * `MALFORMED_FILE`.
 */
export function dataOffset(entry: ZipEntry, header: Uint8Array): number {
  const view = viewOf(header);
  const name = JSON.stringify(entry.name);
  if (header.length < LOCAL_BYTES || view.getUint32(0, true) !== 0x04034b50)
    throw damaged(`no local header of entry ${name}`);
  if (view.getUint16(6, true) !== entry.flags || view.getUint16(8, true) !== 0)
    throw damaged(`the local header of entry ${name} contradicts the directory`);
  for (const at of [18, 22]) {
    const size = view.getUint32(at, true);
    if (size !== 0 && size !== entry.size && size !== SATURATED_32)
      throw damaged(`the local header of entry ${name} has the size ${size}, the directory ${entry.size}`);
  }
  const nameLength = view.getUint16(26, true);
  const start = LOCAL_BYTES + nameLength + view.getUint16(28, true);
  if (
    LOCAL_BYTES + nameLength > header.length ||
    nameOf(header.subarray(LOCAL_BYTES, LOCAL_BYTES + nameLength)) !== entry.name
  )
    throw damaged(`the local header of entry ${name} has another name`);
  if (entry.offset + start + entry.size > entry.limit)
    throw damaged(`entry ${name} reaches into what follows it`);
  return entry.offset + start;
}

/** Bytes of a local header that `dataOffset` needs. */
export function headerBytes({ name, limit, offset }: ZipEntry): number {
  // A name of n UTF-16 units has at most 3 n bytes.
  return Math.min(limit - offset, LOCAL_BYTES + 3 * name.length);
}

interface End {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

/** The end records: 22 bytes, and before them the two of zip64, where they are. */
async function readEnd(source: TorchSource): Promise<End> {
  const all = END64_BYTES + LOCATOR_BYTES + END_BYTES;
  const length = Math.min(source.size, all);
  if (length < END_BYTES) throw damaged('it ends before its directory');
  const tail = await readExactly(source, source.size - length, length);
  const view = viewOf(tail);
  const at = length - END_BYTES;
  if (view.getUint32(at, true) !== 0x06054b50 || view.getUint16(at + 20, true) !== 0)
    throw damaged('no end record in its last 22 bytes: it was cut, or something follows it');
  const end = {
    entries: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  checkDisks(view.getUint16(at + 4, true), view.getUint16(at + 6, true));
  if (view.getUint16(at + 8, true) !== end.entries)
    throw damaged('its end record counts entries twice, and differs');
  const has64 = length === all && view.getUint32(at - LOCATOR_BYTES, true) === 0x07064b50;
  const whole = has64 ? readEnd64(view, at, source.size, end) : end;
  const start = source.size - (has64 ? all : END_BYTES);
  if (whole.offset + whole.size !== start)
    throw damaged(
      `its directory ends at ${whole.offset + whole.size}, and the end records begin at ${start}`,
    );
  return whole;
}

function readEnd64(view: DataView, at: number, fileSize: number, end: End): End {
  const locator = at - LOCATOR_BYTES;
  const record = locator - END64_BYTES;
  const place = big(view, locator + 8);
  const total = fileSize - at - END_BYTES + record; // where the record lies in the file
  if (place !== total || view.getUint32(record, true) !== 0x06064b50 || big(view, record + 4) !== 44)
    throw damaged('its zip64 record is not where it is said to be');
  checkDisks(
    view.getUint32(locator + 4, true),
    view.getUint32(record + 16, true),
    view.getUint32(record + 20, true),
  );
  if (view.getUint32(locator + 16, true) !== 1) throw damaged('it says that it has several disks');
  const whole = {
    entries: big(view, record + 32),
    size: big(view, record + 40),
    offset: big(view, record + 48),
  };
  const agrees =
    big(view, record + 24) === whole.entries &&
    (end.entries === whole.entries || end.entries === SATURATED_16) &&
    (end.size === whole.size || end.size === SATURATED_32) &&
    (end.offset === whole.offset || end.offset === SATURATED_32);
  if (!agrees) throw damaged('its two end records disagree');
  return whole;
}

function parseDirectory(bytes: Uint8Array, count: number): Omit<ZipEntry, 'limit'>[] {
  const view = viewOf(bytes);
  const entries: Omit<ZipEntry, 'limit'>[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw damaged(`entry ${i} of ${count} is not in its directory`);
    const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > bytes.length) throw damaged(`entry ${i} reaches behind its directory`);
    if (view.getUint16(at + 32, true) !== 0) throw damaged(`entry ${i} has a comment`);
    checkDisks(view.getUint16(at + 34, true));
    entries.push(
      parseEntry(view, at, checkedName(bytes.subarray(at + ENTRY_BYTES, nameEnd)), nameEnd, extraEnd),
    );
    at = extraEnd;
  }
  if (at !== bytes.length) throw damaged(`its directory has ${bytes.length - at} bytes too many`);
  return entries;
}

function parseEntry(
  view: DataView,
  at: number,
  name: string,
  extra: number,
  extraEnd: number,
): Omit<ZipEntry, 'limit'> {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if ((flags & ~KNOWN_FLAGS) !== 0) throw damaged(`entry ${JSON.stringify(name)} has the flags ${flags}`);
  if (method !== 0) {
    const message = `entry ${JSON.stringify(name)} is compressed (method ${method}), which torch never does`;
    throw refusal('unsupported', message);
  }
  let [compressed, size, offset] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
  // The fields of zip64, each of which is there when its 32 bits are saturated.
  let next = zip64Field(view, extra, extraEnd);
  const wide = (value: number): number => {
    if (value !== SATURATED_32) return value;
    if (next === undefined || next.at + 8 > next.end)
      throw damaged(`entry ${JSON.stringify(name)} has a size or place that is nowhere`);
    const number = big(view, next.at);
    next = { at: next.at + 8, end: next.end };
    return number;
  };
  size = wide(size);
  compressed = wide(compressed);
  offset = wide(offset);
  if (compressed !== size)
    throw damaged(`entry ${JSON.stringify(name)} is stored, and has the sizes ${compressed} and ${size}`);
  return { name, flags, size, offset };
}

/** The extra field 1, from its first byte to the byte after it. */
function zip64Field(view: DataView, from: number, to: number): { at: number; end: number } | undefined {
  for (let at = from; at + 4 <= to;) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > to) throw damaged('an extra field reaches behind its entry');
    if (view.getUint16(at, true) === 1) return { at: at + 4, end };
    at = end;
  }
  return undefined;
}

function checkedName(bytes: Uint8Array): string {
  const name = nameOf(bytes);
  const isPlain =
    name !== undefined &&
    !/[\\\0]/.test(name) &&
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain) throw damaged(`an entry has the name ${JSON.stringify(name ?? 'that is not UTF-8')}`);
  return name;
}

function nameOf(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function checkDisks(...disks: readonly number[]): void {
  if (disks.some((disk) => disk !== 0)) throw damaged('it says that it has several disks');
}

/** 64 bits; beyond 2^53 they fit in no file, and so in no comparison. */
function big(view: DataView, at: number): number {
  return view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function damaged(message: string): Error {
  return refusal('container', message);
}
