/**
 * Prints values for error messages. It takes next to no time and never throws, however big, deep, circular or
 * hostile a value is: it reads a few items of a few levels, and calls no getter and no method.
 */
import { isList } from '../util/typed-array.ts';

const ITEMS = 8;
const DEPTH = 3;
const TEXT = 60;
const WHOLE = 240;

/** Integers beyond this are long to print. */
const BIG = 10n ** 30n;

/** A short printable form of any value for error messages: `[2, 3]`, `"abc"`, `4096`, `{"heads":8}`. */
export function show(value: unknown): string {
  try {
    return cut(describe(value, DEPTH), WHOLE);
  } catch {
    return 'a value that cannot be shown'; // a proxy, for example
  }
}

function describe(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value, TEXT));
    case 'bigint':
      return value > -BIG && value < BIG ? `${value}n` : 'a BigInt of many digits';
    case 'function':
      return 'a function';
    case 'symbol':
      return cut(String(value), TEXT);
    case 'object':
      if (value === null) return 'null';
      if (isList(value)) return describeList(value, depth);
      return cut(describeObject(value, depth), TEXT);
    default:
      return String(value);
  }
}

function describeList(list: ArrayLike<unknown>, depth: number): string {
  if (depth === 0) return '[...]';
  const items: string[] = [];
  for (let i = 0; i < Math.min(list.length, ITEMS); i++) items.push(describe(list[i], depth - 1));
  if (list.length > ITEMS) items.push('...');
  return `[${items.join(', ')}]`;
}

function describeObject(value: object, depth: number): string {
  if (depth === 0) return '{...}';
  const fields: string[] = [];
  for (const name in value) {
    const field = Object.getOwnPropertyDescriptor(value, name);
    if (field === undefined) continue; // inherited
    if (fields.length === ITEMS) {
      fields.push('...');
      break;
    }
    const text = 'value' in field ? describe(field.value, depth - 1) : '...';
    fields.push(`${JSON.stringify(cut(name, TEXT))}:${text}`);
  }
  return fields.length === 0 ? classOf(value) : `{${fields.join(',')}}`;
}

/** Describes an object without fields, such as a `Map`, by its class. */
function classOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return '{}';
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' ? `a ${cut(maker.name, TEXT)}` : '{}';
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}
