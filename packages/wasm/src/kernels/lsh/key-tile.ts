/**
 * A key tile of LSH attention: the packed keys and values of the tokens at 64 places of the sorted
 * orders. A thread packs a tile when it reaches it, into one of a few slots of its scratch memory. So no
 * round has to be packed beforehand or stored afterwards, and row blocks that look at the same tile one
 * after another share it.
 */
import { TILE } from '@attn/core/backend';
import {
  f32,
  f32x4,
  i32,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
} from '../../assembler/index.ts';
import { allFinite, packKeys, packValueRow } from '../attention/pack.ts';
import { PANEL_BYTES } from '../register-tile.ts';
import { HIDDEN_CHUNK, LSH_CALL, LSH_HEAD, ROW, slotLayout } from './layout.ts';
import type { MeetingOptions } from './meetings.ts';

const FILL_SLOT = {
  call: 'i32',
  head: 'i32',
  round: 'i32',
  /** Index of the tile in the grid. */
  tile: 'i32',
  slot: 'i32',
} as const;

/** The options that key tiles are specialised to. */
export interface KeyTileOptions {
  readonly headDim: number;
  readonly valueDim: number;
  readonly withinBuckets: boolean;
  /** Whether it matters how often pairs meet. */
  readonly countsMeetings: boolean;
}

/** Defines the function that fills a slot. */
export function defineFillSlot(
  module: ModuleBuilder,
  options: KeyTileOptions,
): FunctionHandle<typeof FILL_SLOT> {
  const { headDim, valueDim, withinBuckets, countsMeetings } = options;
  const layout = slotLayout(headDim, valueDim);
  const listKeys = defineListKeys(module, options);
  const packTile = module.define('packTile', { head: 'i32', slot: 'i32' }, (f, { head, slot }) => {
    const tokens = f.let('tokens', i32.add(slot, layout.tokens));
    const factors = f.let('factors', i32.add(slot, layout.factors));
    const token = (key: I32): I32 => i32.load(i32.add(tokens, i32.shl(key, 2)));
    const [qk, qkStride] = [
      f.let('qk', i32.load(head, LSH_HEAD.qk)),
      f.let('qk_stride', i32.load(head, LSH_HEAD.qkStride)),
    ];
    packKeys(f, slot, headDim, (key, row) => f.set(row, i32.add(qk, i32.mul(token(key), qkStride))), factors);
    const [v, vStride] = [
      f.let('v', i32.load(head, LSH_HEAD.v)),
      f.let('v_stride', i32.load(head, LSH_HEAD.vStride)),
    ];
    const residue = f.let('residue', f32x4.all(0));
    const [from, to] = [f.local('from', 'i32'), f.local('target', 'i32')];
    f.count('row', TILE, 1, (row) => {
      f.set(from, i32.add(v, i32.mul(token(row), vStride)));
      f.set(to, i32.add(i32.add(slot, layout.values), i32.mul(row, PANEL_BYTES)));
      packValueRow(f, from, to, residue, valueDim);
    });
    f.do(i32.store(slot, allFinite(residue), layout.finite));
  });
  return module.define('fillSlot', FILL_SLOT, (f, { call, head, round, tile, slot }) => {
    f.call(listKeys, { call, head, round, tile, slot });
    f.call(packTile, { head, slot });
    if (countsMeetings) listMeetings(f, { call, head, slot }, { layout, withinBuckets });
  });
}

/** Defines the function that lists the token, chunk, bucket and key factor of each of 64 places. */
function defineListKeys(
  module: ModuleBuilder,
  { headDim, valueDim, withinBuckets }: KeyTileOptions,
): FunctionHandle<typeof FILL_SLOT> {
  const layout = slotLayout(headDim, valueDim);
  return module.define('listKeys', FILL_SLOT, (f, { call, head, round, tile, slot }) => {
    const field = (name: keyof typeof LSH_CALL): Local<'i32'> => f.let(name, i32.load(call, LSH_CALL[name]));
    const [length, rounds, chunkLength, endPlace] = [
      field('length'),
      field('rounds'),
      field('chunkLength'),
      field('endPlace'),
    ];
    const headField = (name: 'mask' | 'inverseNorms'): Local<'i32'> =>
      f.let(name, i32.load(head, LSH_HEAD[name]));
    const [mask, inverseNorms] = [headField('mask'), headField('inverseNorms')];
    const roundBytes = f.let('round_bytes', i32.shl(length, 2));
    const buckets = f.let('buckets', i32.add(i32.load(head, LSH_HEAD.buckets), i32.mul(round, roundBytes)));

    // Only the first tile may begin before place 0.
    const place = f.let('place', i32.sub(i32.mul(tile, TILE), i32.load(call, LSH_CALL.shift)));
    const first = f.let('first', i32.select(i32.ltS(place, 0), 0, place));
    const turns = f.let('turns', i32.divU(first, length));
    const inRound = f.let('in_round', i32.remU(first, length));
    const source = f.let(
      'source',
      i32.remU(i32.add(i32.add(round, turns), i32.load(call, LSH_CALL.roundBase)), rounds),
    );
    const chunk = f.let(
      'chunk',
      i32.add(i32.mul(turns, i32.load(call, LSH_CALL.chunks)), i32.divU(inRound, chunkLength)),
    );
    const remaining = f.let('remaining', i32.sub(chunkLength, i32.remU(inRound, chunkLength)));
    const order = f.let('order', i32.add(i32.load(head, LSH_HEAD.order), i32.mul(source, roundBytes)));

    const [token, keyChunk, unhidden] = [f.let('token', 0), f.let('key_chunk', 0), f.let('unhidden', 1)];
    f.count('byte', ROW, 4, (byte) => {
      const to = f.let('to', i32.add(slot, byte));
      f.set(token, 0);
      f.set(keyChunk, HIDDEN_CHUNK);
      // As an unsigned number a negative place is large.
      f.if(i32.ltU(place, endPlace), () => {
        f.set(token, i32.load(i32.add(order, i32.shl(inRound, 2))));
        f.set(keyChunk, chunk);
        f.if(mask, () =>
          f.if(i32.eqz(i32.load8U(i32.add(mask, token))), () => f.set(keyChunk, HIDDEN_CHUNK)),
        );
        if (withinBuckets) f.if(i32.ne(source, round), () => f.set(keyChunk, HIDDEN_CHUNK));
        f.advance(inRound, 1);
        f.set(remaining, i32.sub(remaining, 1));
        f.if(i32.eqz(remaining), () => {
          f.set(remaining, chunkLength);
          f.advance(chunk, 1);
        });
        f.if(i32.eq(inRound, length), () => {
          f.set(inRound, 0);
          // The last chunk of a round may be short.
          f.if(i32.ne(remaining, chunkLength), () => f.advance(chunk, 1));
          f.set(remaining, chunkLength);
          f.advance(source, 1);
          f.if(i32.eq(source, rounds), () => f.set(source, 0));
          f.set(order, i32.add(i32.load(head, LSH_HEAD.order), i32.mul(source, roundBytes)));
        });
      });
      f.set(unhidden, i32.and(unhidden, i32.ne(keyChunk, HIDDEN_CHUNK)));
      const token4 = f.let('token4', i32.shl(token, 2));
      f.do(
        i32.store(to, token, layout.tokens),
        i32.store(to, keyChunk, layout.chunks),
        f32.store(to, f32.load(i32.add(inverseNorms, token4)), layout.factors),
      );
      if (withinBuckets) f.do(i32.store(to, i32.load(i32.add(buckets, token4)), layout.buckets));
      f.advance(place, 1);
    });
    f.do(i32.store(slot, unhidden, layout.unhidden));
  });
}

/** Emits code that lists the chunks, and buckets, of the tile's tokens in all rounds. */
function listMeetings(
  f: FunctionBuilder,
  { call, head, slot }: Readonly<Record<'call' | 'head' | 'slot', Local<'i32'>>>,
  { layout, withinBuckets }: MeetingOptions,
): void {
  const roundBytes = f.let('round_bytes', i32.shl(i32.load(call, LSH_CALL.length), 2));
  const chunkOf = f.let('chunk_of', i32.load(head, LSH_HEAD.chunkOf));
  const buckets = f.let('buckets', i32.load(head, LSH_HEAD.buckets));
  const to = f.let('to', i32.add(slot, layout.meetings));
  f.count('round', i32.load(call, LSH_CALL.rounds), 1, () => {
    f.count('byte', ROW, 4, (byte) => {
      const token4 = f.let('token4', i32.shl(i32.load(i32.add(slot, byte), layout.tokens), 2));
      const at = f.let('at', i32.add(to, byte));
      f.do(i32.store(at, i32.load(i32.add(chunkOf, token4))));
      if (withinBuckets) f.do(i32.store(at, i32.load(i32.add(buckets, token4)), ROW));
    });
    f.advance(to, 2 * ROW);
    f.advance(chunkOf, roundBytes);
    f.advance(buckets, roundBytes);
  });
}
