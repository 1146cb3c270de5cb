/** Numbers in a form that people read. */

/** A duration: `0.42 ms`, `17 ms`, `1.23 s`, `2 min 05 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A size in bytes: `512 B`, `1.5 KiB`, `12.0 MiB`. */
export function bytes(count: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (count < 1024) return `${count} B`;
  let value = count / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** A count: `65,536`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A share of 1 as a percentage with three digits: `12.5 %`, `0.0781 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value >= 99.95) return `${Math.round(value)} %`;
  return `${value.toPrecision(3)} %`;
}

/** A shape: `[1, 8, 4096, 64]`. */
export function extents(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
