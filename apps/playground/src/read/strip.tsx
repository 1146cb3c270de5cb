/** The text, or a part of it, as a strip: dark where something was found. A click goes there. */
import { useEffect, useRef } from 'preact/hooks';
import { count } from '../ui/format.ts';

/** How much a piece of the text is worth, from 0 to 1. */
export interface Heat {
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

interface StripProps {
  /** What the strip shows of the text. */
  readonly range: readonly [number, number];
  readonly heat: readonly Heat[];
  /** The page that is seen. */
  readonly page: readonly [number, number];
  readonly onChoose: (place: number) => void;
}

/** Pixels of the strip. */
const WIDTH = 1200;
const HEIGHT = 26;

/** The strip. */
export function Strip({ range: [from, to], heat, page, onChoose }: StripProps) {
  const scale = WIDTH / Math.max(1, to - from);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || canvas.current === null) return;
    const style = getComputedStyle(canvas.current);
    const columns = new Float32Array(WIDTH);
    for (const { start, end, value } of heat) {
      const first = Math.max(0, Math.floor((start - from) * scale));
      const last = Math.min(WIDTH - 1, Math.floor((end - 1 - from) * scale));
      for (let x = first; x <= last; x++) columns[x] = Math.max(columns[x], value);
    }
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = style.getPropertyValue('--accent');
    columns.forEach((value, x) => {
      context.globalAlpha = Math.min(1, value);
      if (value > 0) context.fillRect(x, 0, 1, HEIGHT);
    });
    context.globalAlpha = 1;
    context.strokeStyle = style.getPropertyValue('--ink');
    context.lineWidth = 2;
    const [left, right] = page.map((place) => Math.min(WIDTH, Math.max(0, (place - from) * scale)));
    context.strokeRect(left + 1, 1, Math.max(3, right - left - 2), HEIGHT - 2);
  });
  const choose = (event: MouseEvent & { readonly currentTarget: HTMLCanvasElement }): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onChoose(
      Math.max(from, Math.min(to - 1, from + Math.floor(((event.clientX - left) / width) * (to - from)))),
    );
  };
  return (
    <canvas
      ref={canvas}
      class="strip"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`The text as a strip: ${count(heat.filter(({ value }) => value > 0.5).length)} places stand out. Pages can be turned by the buttons below.`}
      onClick={choose}
    />
  );
}
