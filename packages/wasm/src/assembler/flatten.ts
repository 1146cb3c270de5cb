/** From trees and blocks to the list of instructions that both formats write down: operands first, blocks between brackets. */
import type { Instruction, Tree, ValueType } from './expression.ts';
import type { Statement } from './function.ts';

const BLOCKS = {
  block: { name: 'block', bytes: [0x02, 0x40] },
  loop: { name: 'loop', bytes: [0x03, 0x40] },
  if: { name: 'if', bytes: [0x04, 0x40] },
} as const;
const ELSE: Instruction = { name: 'else', bytes: [0x05] };
const END: Instruction = { name: 'end', bytes: [0x0b] };

/** The instructions of a list of statements in the order in which they stand in a module. */
export function flatten(statements: readonly Statement[]): Instruction[] {
  const list: Instruction[] = [];
  const visit = ({ instruction, operands }: Tree<ValueType | 'void'>): void => {
    operands.forEach(visit);
    list.push(instruction);
  };
  for (const statement of statements) {
    if (statement.kind === 'tree') {
      visit(statement.tree);
      continue;
    }
    if (statement.condition) visit(statement.condition);
    list.push(BLOCKS[statement.kind], ...flatten(statement.body));
    if (statement.otherwise) list.push(ELSE, ...flatten(statement.otherwise));
    list.push(END);
  }
  return list;
}
