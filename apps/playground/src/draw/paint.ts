/** Turns what the worker says of pixels into colours on a canvas. */
import type { Raster } from '../engine/draw-engine.ts';
import { PIXEL } from '../engine/pixel.ts';

/** The colours of the page's theme, by the names of its style sheet. */
const NAMES = {
  none: '--map-none',
  wasted: '--map-wasted',
  some: '--map-some',
  all: '--map-all',
  line: '--map-line',
} as const;

type Palette = Readonly<Record<keyof typeof NAMES, string>>;

/** Reads the palette of the theme that is in use. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const entries = Object.entries(NAMES).map(([name, property]) => [
    name,
    style.getPropertyValue(property).trim(),
  ]);
  return Object.fromEntries(entries) as Palette;
}

/** The colour of a pixel of `PIXEL` bits. */
function colourOf(palette: Palette, bits: number): string {
  if ((bits & PIXEL.all) !== 0) return palette.all;
  if ((bits & PIXEL.some) !== 0) return palette.some;
  return (bits & PIXEL.computed) !== 0 ? palette.wasted : palette.none;
}

/** Red, green, blue of `#rrggbb`. */
function channels(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Lines that are closer together than this, in pixels, are not drawn. */
const CLOSEST_LINES = 9;

/** Paints a picture over the whole canvas. `lines` are distances between lines, in cells, from cell 0. */
export function paint(
  canvas: HTMLCanvasElement,
  raster: Raster,
  view: { readonly query: number; readonly key: number; readonly size: number },
  lines: readonly number[],
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const palette = readPalette(canvas);
  const colours = Array.from({ length: 8 }, (_, bits) => channels(colourOf(palette, bits)));
  const image = new ImageData(raster.width, raster.height);
  raster.pixels.forEach((bits, i) => {
    image.data.set(colours[bits], 4 * i);
    image.data[4 * i + 3] = 255;
  });
  const copy = new OffscreenCanvas(raster.width, raster.height);
  copy.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(copy, 0, 0, canvas.width, canvas.height);
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const distance of lines) {
    const scale = canvas.width / view.size;
    if (distance * scale < CLOSEST_LINES) continue;
    context.globalAlpha = distance === 1 ? 0.25 : 0.7;
    context.beginPath();
    for (const [start, isColumn] of [
      [view.key, true],
      [view.query, false],
    ] as const) {
      for (let at = Math.ceil(start / distance) * distance; at <= start + view.size; at += distance) {
        const pixel = Math.round((at - start) * scale) + 0.5;
        context.moveTo(isColumn ? pixel : 0, isColumn ? 0 : pixel);
        context.lineTo(isColumn ? pixel : canvas.width, isColumn ? canvas.height : pixel);
      }
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}
