/** Packs the codes of a weight for products, on all threads. */
import { sizeOf, type KernelCall } from '@attn/core/backend';
import type { PanelLayout, WeightFormat } from '../kernels/quantized/layout.ts';
import { PACK_CODES, PACK_CODES_BYTES, packCodesModule } from '../kernels/quantized/pack.ts';
import { Records } from '../kernels/records.ts';
import { PANEL } from '../kernels/register-tile.ts';
import type { Frame } from './frame.ts';

/** The parts of a quantised weight. */
type Parts = Pick<KernelCall<'quantizedLinear'>['inputs'], 'codes' | 'scales' | 'zeroPoints'>;

/** About as many operations as packing a byte of codes costs. */
const FLOPS_PER_CODE = 10;

/** Packs a weight to the address `to`. */
export async function packCodes(
  frame: Frame,
  { codes, scales, zeroPoints }: Parts,
  { bits }: WeightFormat,
  { scalesAt, zerosAt, bytes }: PanelLayout,
  to: number,
): Promise<void> {
  const [columns, blocks, blockBytes] = codes.shape;
  const panels = Math.ceil(columns / PANEL);
  const codesStride = blocks * blockBytes;
  const scalesStride = 4 * blocks;
  const zerosStride = zeroPoints?.shape[1] ?? 0;
  const [codesAt, scalesFrom] = [frame.raw(codes), scales === undefined ? 0 : frame.raw(scales)];
  const zerosFrom = zeroPoints === undefined ? 0 : frame.raw(zeroPoints);
  const records = new Records(PACK_CODES, PACK_CODES_BYTES, panels);
  for (let panel = 0; panel < panels; panel++) {
    const first = panel * PANEL;
    const target = to + panel * bytes;
    records.set(panel, {
      codes: codesAt + first * codesStride,
      codesStride,
      scales: scalesFrom === 0 ? 0 : scalesFrom + first * scalesStride,
      scalesStride,
      zeros: zerosFrom === 0 ? 0 : zerosFrom + first * zerosStride,
      zerosStride,
      columns: Math.min(PANEL, columns - first),
      blocks,
      blockBytes,
      toCodes: target,
      toScales: target + scalesAt,
      toZeros: target + zerosAt,
    });
  }
  await frame.run({
    module: frame.engine.load(`packCodes ${bits}`, ({ sharedMemory }) =>
      packCodesModule({ bits, sharedMemory }),
    ),
    kernel: 'packCodes',
    records,
    flops: FLOPS_PER_CODE * sizeOf(codes.shape),
  });
}
