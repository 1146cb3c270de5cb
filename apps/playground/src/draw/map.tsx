/** The picture: it is moved and zoomed by wheel, fingers, buttons and keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { engineOf } from '../engine/client.ts';
import type { Raster } from '../engine/draw-engine.ts';
import { PIXEL } from '../engine/pixel.ts';
import { page } from '../state/store.ts';
import { count } from '../ui/format.ts';
import { mapGestures } from './gestures.ts';
import { paint } from './paint.ts';
import { planned } from './plan-state.ts';
import { insideOf, moved, wholeView, zoomed, type View } from './view.ts';

/** The most pixels of a side that are asked for. */
const MOST_PIXELS = 900;

type Order = 'positions' | 'computed';

/** Keys, and what they do to a view of n tokens. */
const KEYS: Readonly<Record<string, (n: number, view: View) => View>> = {
  ArrowLeft: (n, view) => moved(n, view, -0.1, 0),
  ArrowRight: (n, view) => moved(n, view, 0.1, 0),
  ArrowUp: (n, view) => moved(n, view, 0, -0.1),
  ArrowDown: (n, view) => moved(n, view, 0, 0.1),
  '+': (n, view) => zoomed(n, view, 0.5),
  '=': (n, view) => zoomed(n, view, 0.5),
  '-': (n, view) => zoomed(n, view, 2),
  Home: (n) => wholeView(n),
  '0': (n) => wholeView(n),
};

/** The picture with its axes, its buttons and its legend. */
export function PatternMap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useRef<Raster>(undefined);
  const n = planned.value?.n ?? page.value.n;
  const { head } = page.value;
  const version = planned.value?.version;
  const [order, setOrder] = useState<Order>('positions');
  const [choice, setChoice] = useState<View>(wholeView(n));
  const [size, setSize] = useState(0);
  const [readout, setReadout] = useState('');
  const [theme, setTheme] = useState(0);
  const view = insideOf(n, choice);
  const isNatural = planned.value?.report.groups.every((group) => group.order === 'natural') ?? false;

  useEffect(() => setChoice(wholeView(n)), [n]);
  useEffect(() => watchSize(canvas.current, setSize), []);
  useEffect(() => watchTheme(() => setTheme((times) => times + 1)), []);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    return mapGestures(canvas.current, {
      zoom: (factor, x, y) => setChoice((last) => zoomed(n, insideOf(n, last), factor, x, y)),
      move: (x, y) => setChoice((last) => moved(n, insideOf(n, last), x, y)),
      point: (x, y) =>
        setReadout(x === undefined || y === undefined ? '' : describe(picture.current, view, order, x, y)),
    });
  }, [n, order, view.query, view.key, view.size]);
  useEffect(() => {
    if (version === undefined || size === 0) return undefined;
    let isOld = false;
    const range = (start: number) => [start, start + view.size] as const;
    const job = {
      head,
      order,
      size: Math.min(size, MOST_PIXELS),
      queries: range(view.query),
      keys: range(view.key),
    };
    engineOf('draw')
      .raster(job)
      .then(
        (raster) => {
          if (isOld || raster === undefined || canvas.current === null) return;
          picture.current = raster;
          paint(canvas.current, raster, view, order === 'computed' || isNatural ? [64, 1] : [1]);
          canvas.current.dataset.drawn = `${version}:${order}:${view.query}:${view.key}:${view.size}`;
        },
        () => {},
      ); // the worker tells of what is wrong with a pattern when it plans
    return () => void (isOld = true);
  }, [version, head, order, size, view.query, view.key, view.size, isNatural, theme]);

  const ends = (start: number) => [start, start + view.size - 1] as const;
  const [rows, columns] = order === 'computed' ? ['Rows', 'columns'] : ['Queries', 'keys'];
  const description = `${rows} ${ends(view.query).map(count).join(' to ')}, ${columns} ${ends(view.key).map(count).join(' to ')}`;
  const press = (event: KeyboardEvent): void => {
    const act = KEYS[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setChoice(act(n, view));
  };
  return (
    <div class="map">
      <div class="map-tools">
        <div class="switch" role="group" aria-label="Order of the picture">
          <button type="button" aria-pressed={order === 'positions'} onClick={() => setOrder('positions')}>
            By position
          </button>
          <button type="button" aria-pressed={order === 'computed'} onClick={() => setOrder('computed')}>
            As computed
          </button>
        </div>
        <div class="buttons">
          <button type="button" aria-label="Zoom in" onClick={() => setChoice(zoomed(n, view, 0.5))}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => setChoice(zoomed(n, view, 2))}>
            −
          </button>
          <button type="button" onClick={() => setChoice(zoomed(n, { ...view }, 24 / view.size))}>
            Cells
          </button>
          <button type="button" onClick={() => setChoice(wholeView(n))}>
            Whole
          </button>
        </div>
      </div>
      <div class="plot">
        <span class="axis keys">
          <span>{count(view.key)}</span>
          <span class="faint">{order === 'computed' ? 'column' : 'key'}</span>
          <span>{count(view.key + view.size - 1)}</span>
        </span>
        <span class="axis queries">
          <span>{count(view.query)}</span>
          <span class="faint">{order === 'computed' ? 'row' : 'query'}</span>
          <span>{count(view.query + view.size - 1)}</span>
        </span>
        <canvas
          ref={canvas}
          width={size}
          height={size}
          tabIndex={0}
          role="application"
          aria-roledescription="picture that can be zoomed"
          aria-label={`The pattern. ${description}. Arrows move, plus and minus zoom, 0 shows all.`}
          onKeyDown={press}
        />
      </div>
      <p class="readout" role="status">
        {readout || description}
      </p>
      <ul class="legend" aria-label="Colours">
        <li>
          <i class="swatch all" /> allowed
        </li>
        <li>
          <i class="swatch some" /> {order === 'computed' ? 'tile with a mask' : 'partly allowed'}
        </li>
        <li>
          <i class="swatch wasted" /> computed, not allowed
        </li>
        <li>
          <i class="swatch none" /> never touched
        </li>
      </ul>
    </div>
  );
}

function describe(raster: Raster | undefined, view: View, order: Order, x: number, y: number): string {
  if (raster === undefined) return '';
  const cell = (start: number, share: number): number =>
    start + Math.min(view.size - 1, Math.floor(share * view.size));
  const [query, key] = [cell(view.query, y), cell(view.key, x)];
  const at = Math.min(raster.height - 1, Math.floor(y * raster.height)) * raster.width;
  const bits = raster.pixels[at + Math.min(raster.width - 1, Math.floor(x * raster.width))];
  const words =
    (bits & PIXEL.all) !== 0
      ? 'allowed'
      : (bits & PIXEL.some) !== 0
        ? 'partly allowed here'
        : (bits & PIXEL.computed) !== 0
          ? 'computed, not allowed'
          : 'never touched';
  const place = order === 'computed' ? ['row', 'column'] : ['query', 'key'];
  return `${place[0]} ${count(query)}, ${place[1]} ${count(key)}: ${words}`;
}

/** Tells of the side of an element in the pixels of the device. Returns what ends it. */
function watchSize(element: Element | null, onSize: (size: number) => void): (() => void) | undefined {
  if (element === null) return undefined;
  const observer = new ResizeObserver(([entry]) =>
    onSize(Math.max(1, Math.round(entry.contentRect.width * Math.min(2, devicePixelRatio)))),
  );
  observer.observe(element);
  return () => observer.disconnect();
}

function watchTheme(onChange: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}
