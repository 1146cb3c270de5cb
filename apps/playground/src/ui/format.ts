/** Numbers as people read them. */

/** `1,048,576` */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** `0.88 %`, with three digits that count. */
export function percent(share: number): string {
  if (share === 0) return '0 %';
  const value = 100 * share;
  return `${value >= 99.95 ? '100' : Number(value.toPrecision(3)).toString()} %`;
}

/** `12.3 ms`, `4.56 s` */
export function duration(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toPrecision(3)} s` : `${(ms / 60_000).toPrecision(3)} min`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `40.9 KiB` */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 ? scaled : Number(scaled.toPrecision(3))} ${UNITS[power]}`;
}
