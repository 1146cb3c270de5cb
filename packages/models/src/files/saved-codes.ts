/** Codes on their way to a file, in which the scales of all matrices come before all codes. */
import type { QuantizedMatrix, Tensor } from '@attn/core';
import { byteLengthOf, codesShape, scalesShape, zeroPointsShape } from '@attn/core/backend';
import type { StoredTensor } from '@attn/safetensors/node';
import type { StoredCodes } from '../checkpoint/checkpoint.ts';
import { partNames } from './stored-codes.ts';

/** Most bytes of codes that are in memory until they are written. Those of other matrices are made again. */
const MOST_BYTES = 256 * 2 ** 20;

/** Makes the codes of matrices when a part of them is written, once where there is room to keep them. */
export class SavedCodes {
  private readonly signal: AbortSignal | undefined;
  private readonly saved = new Map<string, QuantizedMatrix>();
  private last: { readonly name: string; readonly matrix: QuantizedMatrix } | undefined;
  private bytes = 0;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
  }

  /** The parts of a matrix [rows, length], by their names in the file. */
  partsOf(
    name: string,
    [rows, length]: readonly number[],
    codes: StoredCodes,
  ): readonly (readonly [string, StoredTensor])[] {
    const names = partNames(name);
    const part = (
      own: string,
      fileDtype: 'U8' | 'F32',
      shape: readonly number[],
      pick: (matrix: QuantizedMatrix) => Tensor,
    ): readonly [string, StoredTensor] => {
      const bytes = async (): Promise<Uint8Array> => bytesOf(pick(await this.matrix(name, codes)));
      return [own, { fileDtype, shape, bytes }];
    };
    return [
      part(names.scales, 'F32', scalesShape(rows, length, codes), ({ scales, codes: own }) => scales ?? own),
      ...(codes.hasZeroPoints
        ? [
            part(
              names.zeroPoints,
              'U8',
              zeroPointsShape(rows, length, codes),
              ({ zeroPoints, codes: own }) => zeroPoints ?? own,
            ),
          ]
        : []),
      part(names.codes, 'U8', codesShape(rows, length, codes), ({ codes: own }) => own),
    ];
  }

  private async matrix(name: string, codes: StoredCodes): Promise<QuantizedMatrix> {
    if (this.last?.name === name) return this.last.matrix;
    const matrix = this.saved.get(name) ?? (await codes.read({ signal: this.signal }));
    this.last = { name, matrix };
    const size = byteLength(matrix);
    if (!this.saved.has(name) && this.bytes + size <= MOST_BYTES) {
      this.bytes += size;
      this.saved.set(name, matrix);
    }
    return matrix;
  }
}

function byteLength({ codes, scales, zeroPoints }: QuantizedMatrix): number {
  return [codes, scales, zeroPoints].reduce((sum, part) => sum + (part ? byteLengthOf(part) : 0), 0);
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
