/**
 * Memory for the batches of a group of heads. A batch has a buffer for each part of its heads (queries, keys,
 * results …), one head after another.
 *
 * Where the calling thread copies while helpers compute, parts of two batches exist at the same time:
 * raw keys and values have memory of their own, and there are two buffers of results, which batches use
 * in turn. Where nothing overlaps, raw keys and values lie in the memory of queries and results, which
 * are not there yet.
 */
import type { Frame } from '../ops/frame.ts';

/** Heads' parts start at multiples of a cache line. */
const ALIGNMENT = 64;

/** A part of all heads of a batch. */
export interface PartBuffer {
  readonly address: number;
  /** Bytes of a head; 0 where it needs none. */
  readonly headBytes: number;
}

/** Bytes of each part of a query head or, for the last five, of an owner of keys and values. */
export interface PartBytes {
  readonly q: number;
  readonly out: number;
  /** Greatest logit and sum of weights of each row, if the lse is asked for. */
  readonly states: number;
  readonly rawKeys: number;
  readonly rawValues: number;
  /** Packed keys. */
  readonly keys: number;
  /** Packed values. */
  readonly values: number;
  readonly finite: number;
}

/** The buffers of a batch. */
export type BatchBuffers = { readonly [Part in keyof PartBytes]: PartBuffer };

/** The buffers of two batches in a row. */
export interface DoubleBuffer {
  /** Buffers of even and of odd batches. They share all parts but, if copies overlap, results and states. */
  readonly pair: readonly [BatchBuffers, BatchBuffers];
  /** Address of the whole memory, to free it. */
  readonly address: number;
}

/** Sizes of a double buffer. */
export interface DoubleBufferOptions {
  readonly bytes: PartBytes;
  /** The most query heads of a batch. */
  readonly members: number;
  /** The most owners of keys and values of a batch. */
  readonly owners: number;
  /** Whether the calling thread copies for other batches while helpers compute. */
  readonly overlaps: boolean;
}

/** The address of a head's part; 0 where it needs none. */
export function headAddress({ address, headBytes }: PartBuffer, head: number): number {
  return headBytes === 0 ? 0 : address + head * headBytes;
}

/** Allocates the memory of batches. */
export function allocateDoubleBuffer(
  frame: Frame,
  { bytes, members, owners, overlaps }: DoubleBufferOptions,
): DoubleBuffer {
  let end = 0;
  const reserve = (part: keyof PartBytes, offset: number): PartBuffer => {
    const headBytes = ALIGNMENT * Math.ceil(bytes[part] / ALIGNMENT);
    const count = part === 'q' || part === 'out' || part === 'states' ? members : owners;
    end = Math.max(end, offset + headBytes * count);
    return { address: offset, headBytes };
  };
  const queryOffset = end;
  const q = reserve('q', queryOffset);
  const rawKeys = reserve('rawKeys', overlaps ? end : queryOffset);
  const outOffset = end;
  const out = reserve('out', outOffset);
  const rawValues = reserve('rawValues', overlaps ? end : outOffset);
  const keys = reserve('keys', end);
  const values = reserve('values', end);
  const finite = reserve('finite', end);
  const states = reserve('states', end);
  const other = overlaps ? { out: reserve('out', end), states: reserve('states', end) } : { out, states };
  const address = frame.allocate(end);
  const toAddresses = (buffers: BatchBuffers): BatchBuffers => {
    const entries = Object.entries(buffers).map(([part, { address: offset, headBytes }]) => [
      part,
      { address: address + offset, headBytes },
    ]);
    return Object.fromEntries(entries) as BatchBuffers;
  };
  const shared = { q, rawKeys, rawValues, keys, values, finite };
  return { pair: [toAddresses({ ...shared, out, states }), toAddresses({ ...shared, ...other })], address };
}
