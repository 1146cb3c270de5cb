/** How the text of a kernel is put together, so that a kernel can be read from top to bottom in one file. */

/**
 * WGSL as a tagged template: the indentation that all lines share is removed. A value that stands alone on
 * its line is indented as that line is, all of its lines, and an empty one takes its line with it.
 *
 * @example
 * wgsl`
 *   fn scaled(x: f32) -> f32 {
 *     var y = x * params.scale;
 *     ${when(hasCap, 'y = capped(y);')}
 *     return y;
 *   }`
 */
export function wgsl(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  const lines = strings.join(VALUE).split('\n');
  if (lines[0].trim() === '') lines.shift();
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const shared = Math.min(...indents);
  let next = 0;
  return lines
    .flatMap((text) => {
      const line = text.slice(shared);
      if (line.trim() !== VALUE) return line.replaceAll(VALUE, () => String(values[next++]));
      const value = String(values[next++]);
      const indent = line.slice(0, line.indexOf(VALUE));
      return value === '' ? [] : value.replaceAll(/^(?=.)/gm, indent);
    })
    .join('\n')
    .trimEnd();
}

/** The place of a value, a character that no source has. */
const VALUE = '\0';

/** The text, or nothing where the condition does not hold. */
export function when(condition: unknown, text: string): string {
  return condition ? text : '';
}

/**
 * A piece of text for each index below `count`, one below the other. Such indices are constants, which arrays
 * in registers take.
 */
export function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}
