/** attention-gym's masks of pictures and videos, whose tokens have places on a canvas. Not published. */
import type { BoolExpression, IntExpression } from '../expression.ts';
import { all, any, clamp, floor, gymMasks, rest, within } from './gym-mask.testing.ts';

const { masks, add } = gymMasks();

/**
 * Neighbourhoods: windows of the kernel's size around the query, moved inwards at the edges of the canvas.
 */
function addNatten(
  name: string,
  mask: string,
  [width, height, kernelWidth, kernelHeight]: readonly number[],
  place: (i: IntExpression) => readonly IntExpression[],
  placeOf: (i: number) => readonly number[],
): void {
  const [reachX, reachY] = [floor(kernelWidth, 2), floor(kernelHeight, 2)];
  const near = (q: IntExpression, k: IntExpression, reach: number, size: number): BoolExpression =>
    q
      .max(reach)
      .min(size - 1 - reach)
      .sub(k)
      .abs()
      .le(reach);
  const isNear = (q: number, k: number, reach: number, size: number): boolean =>
    Math.abs(clamp(q, reach, size - 1 - reach) - k) <= reach;
  add(
    name,
    mask,
    [width * height, width * height],
    ({ q, k }) => {
      const [[qx, qy], [kx, ky]] = [place(q), place(k)];
      return near(qx, kx, reachX, width).and(near(qy, ky, reachY, height));
    },
    (_h, q, k) => {
      const [[qx, qy], [kx, ky]] = [placeOf(q), placeOf(k)];
      return isNear(qx, kx, reachX, width) && isNear(qy, ky, reachY, height);
    },
  );
}
for (const [size, mask] of [
  [[14, 14, 5, 5], '1a1c649f91898707a0bb7b73365e-tn4'],
  [[16, 16, 7, 3], '1f535c64109ec21451499da00bb3-1ekg'],
] as const) {
  const [width] = size;
  addNatten(
    `NATTEN ${size.join(' ')}`,
    mask,
    size,
    (i) => [i.div(width), i.mod(width)],
    (i) => [floor(i, width), i % width],
  );
}
addNatten(
  'NATTEN in tiles of 4 × 4',
  '05914b8883e6040ff3e9a6d36e4f-1ekg',
  [16, 16, 5, 5],
  (i) => {
    const [tile, inner] = [i.div(16), i.mod(16)];
    return [tile.mod(4).mul(4).add(inner.mod(4)), tile.div(4).mul(4).add(inner.div(4))];
  },
  (i) => {
    const [tile, inner] = [floor(i, 16), i % 16];
    return [(tile % 4) * 4 + (inner % 4), floor(tile, 4) * 4 + floor(inner, 4)];
  },
);
addNatten(
  "NATTEN in Morton's order",
  '1bf705491034281b9f5c17283e2b-1ekg',
  [16, 16, 5, 5],
  (i) =>
    [1, 2].map((first) =>
      [0, 1, 2, 3]
        .map((bit) =>
          i
            .div(first * 4 ** bit)
            .mod(2)
            .mul(2 ** bit),
        )
        .reduce((a, b) => a.add(b)),
    ),
  (i) =>
    [0, 1].map((first) =>
      [0, 1, 2, 3].reduce((sum, bit) => sum + (((i >> (first + 2 * bit)) & 1) << bit), 0),
    ),
);

/** Sliding tiles: tiles see whole tiles; `text` tokens behind them see all and are seen by all. */
function addTiles(
  mask: string,
  canvas: readonly number[],
  kernel: readonly number[],
  tile: readonly number[],
  text: number,
  length: number,
): void {
  const tiles = canvas.map((size, axis) => size / tile[axis]);
  const cells = tile.reduce((a, b) => a * b);
  const vision = canvas.reduce((a, b) => a * b);
  const axes = tiles.map((count, axis) => {
    const reach = kernel[axis] / tile[axis];
    const left = floor(reach, 2);
    const stride = tiles.slice(axis + 1).reduce((a, b) => a * b, 1);
    return { count, stride, left, right: left + (reach % 2) - 1 };
  });
  add(
    `sliding tiles ${canvas.join('×')}, ${text} of text`,
    mask,
    [length, length],
    ({ q, k }) => {
      const near = axes.map(({ count, stride, left, right }) => {
        const place = (i: IntExpression): IntExpression => i.div(cells).div(stride).mod(count);
        const distance = place(k).sub(
          place(q)
            .max(left)
            .min(count - 1 - right),
        );
        return distance.ge(-left).and(distance.le(right));
      });
      return any([
        all([q.lt(vision), k.lt(vision), ...near]),
        q.lt(vision).and(within(k, vision, vision + text)),
        q.ge(vision).and(k.lt(vision + text)),
      ]);
    },
    (_h, q, k) => {
      if (q >= vision || k >= vision) return k < vision + text;
      return axes.every(({ count, stride, left, right }) => {
        const [a, b] = [q, k].map((i) => floor(floor(i, cells), stride) % count);
        const distance = b - clamp(a, left, count - 1 - right);
        return -left <= distance && distance <= right;
      });
    },
  );
}
addTiles('1d4dd20b3dff1107b1f4055991c9-1ekg', [16, 16], [8, 12], [4, 4], 0, 256);
addTiles('17e96c348319ae1b5905e2bac412-14tg', [16, 12], [12, 8], [4, 4], 20, 230);
addTiles('0289dbf01b54be048161abd92a11-1ekg', [4, 8, 8], [2, 4, 6], [2, 2, 2], 0, 256);
addTiles('19c5f8fe950e68021c7499a51fa0-y10', [4, 8, 6], [4, 4, 6], [2, 2, 2], 11, 210);

for (const [sink, mask] of [
  [0, '1f756742e49876032956495c310e-y10'],
  [40, '190a528cde71f104ab828fefc5da-y10'],
] as const) {
  add(
    `Sparse VideoGen in space, sink ${sink}`,
    mask,
    [210, 210],
    ({ q, k }) => any([q.lt(10), k.lt(10 + sink), q.sub(k).abs().lt(32)]),
    (_h, q, k) => q < 10 || k < 10 + sink || Math.abs(q - k) < 32,
  );
}
add(
  'Sparse VideoGen in time',
  '0beca23cbe4840172441c40ca30c-y10',
  [210, 210],
  ({ q, k }) => any([q.lt(10), k.lt(10), q.sub(10).mod(40).sub(k.sub(10).mod(40)).abs().lt(8)]),
  (_h, q, k) => q < 10 || k < 10 || Math.abs(rest(q - 10, 40) - rest(k - 10, 40)) < 8,
);

export const CANVASES = masks;
