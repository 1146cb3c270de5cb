/** Writes a function in the text format: one instruction on each line, blocks indented. */
import { eachInstruction } from './each-instruction.ts';
import type { FunctionBuilder } from './function.ts';

/** The text of a function, indented to stand in a module. */
export function functionText(f: FunctionBuilder, { isExported }: { readonly isExported: boolean }): string {
  const head = [
    `(func $${f.name}`,
    isExported ? `(export "${f.name}")` : '',
    ...f.parameters.map(({ name, type }) => `(param $${name} ${type})`),
  ];
  const lines = [`  ${head.filter((part) => part !== '').join(' ')}`];
  for (const { name, type } of f.locals) lines.push(`    (local $${name} ${type})`);
  let depth = 2;
  eachInstruction(f.body, ({ name, immediates }) => {
    if (name === 'end' || name === 'else') depth--;
    lines.push(`${'  '.repeat(depth)}${immediates ? `${name} ${immediates}` : name}`);
    if (name === 'loop' || name === 'if' || name === 'block' || name === 'else') depth++;
  });
  return `${lines.join('\n')})`;
}
