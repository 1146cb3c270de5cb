// What programs of the docs print.

/**
 * What was printed is what the page shows. On the page, … stands for any text, and alone on a line for any
 * lines.
 */
export function expectedOutput(output) {
  const escaped = output.trimEnd().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/^…$/gm, '[^]*').replaceAll('…', '[^\\n]*')}$`);
}
