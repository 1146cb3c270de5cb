/** Turns trees and blocks into the sequence of instructions that both formats list: operands come first. */
import type { Instruction, Tree, ValueType } from './expression.ts';
import type { Statement } from './function.ts';

const BLOCKS = {
  block: { name: 'block', bytes: [0x02, 0x40] },
  loop: { name: 'loop', bytes: [0x03, 0x40] },
  if: { name: 'if', bytes: [0x04, 0x40] },
} as const;
const ELSE: Instruction = { name: 'else', bytes: [0x05] };
const END: Instruction = { name: 'end', bytes: [0x0b] };

type Visit = (instruction: Instruction) => void;

/** Calls `visit` with each instruction of a list of statements, in the order of a module. */
export function eachInstruction(statements: readonly Statement[], visit: Visit): void {
  for (const statement of statements) {
    if (statement.kind === 'tree') {
      eachOfTree(statement.tree, visit);
      continue;
    }
    if (statement.condition) eachOfTree(statement.condition, visit);
    visit(BLOCKS[statement.kind]);
    eachInstruction(statement.body, visit);
    if (statement.otherwise) {
      visit(ELSE);
      eachInstruction(statement.otherwise, visit);
    }
    visit(END);
  }
}

function eachOfTree({ instruction, operands }: Tree<ValueType | 'void'>, visit: Visit): void {
  for (const operand of operands) eachOfTree(operand, visit);
  visit(instruction);
}
