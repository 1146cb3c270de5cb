// Three rules of how we write that a machine can check (CONTRIBUTING.md has the rest):
//
//   1. A comment is at most 110 columns wide, like the code beside it.
//   2. A docstring can be read alone, in an editor's hover: it does not lean on the one above it.
//   3. A noun names a value: never a participle (`found`) or a pronoun (`one`) whose noun is missing.
//
// The first two also read the comments inside templates: shaders, and the texts that scaffolds write.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Visitor } from 'rolldown/utils';
import { lineAt, parseSource, sourceFiles } from './sources.mjs';

/** Files that a program wrote. */
const GENERATED = new Set([]);

const WIDTH = 110;

/** How a docstring begins that only makes sense under the one above it. */
const LEANING =
  /\/\*\*(?:\s*\n\s*\*)?[ \t]*((?:The same|Of|Those|As|Both|Makes one|Writes them|And|Also|It)\b[^\n]*)/g;

/** Participles and pronouns that stand for a noun, and a few nouns that may be meant. */
const NOUNS = new Map([
  ['given', 'options, tensor, argument'],
  ['known', 'cached, specs, names'],
  ['found', 'result, match, index'],
  ['read', 'text, values, entry'],
  ['seen', 'visited, counts, messages'],
  ['one', 'call, item, entry'],
  ['made', 'cache, graph, result'],
  ['named', 'byName, entry'],
  ['left', 'rest, remaining'],
  ['each', 'the noun of the element'],
  ['shown', 'text, sentence'],
  ['taken', 'used, names'],
  ['wanted', 'expected, request'],
  ['kept', 'saved, rows'],
  ['bound', 'pattern, value'],
  ['drawn', 'picture, sample'],
  ['placed', 'placement, site'],
  ['heard', 'events, messages'],
  ['told', 'params, notice'],
]);

/** Comment lines wider than the code, except those that hold only a web address. */
function wideComments(text) {
  return text.split('\n').flatMap((line, index) => {
    const comment = /^\s*(?:\/\/|\/?\*)\s*(.*)$/.exec(line);
    if (comment === null || line.length <= WIDTH || /^https?:\S+$/.test(comment[1])) return [];
    const advice = `${line.length} columns: break the comment at ${WIDTH}, or say less`;
    return [{ line: index + 1, text: line.trim(), advice }];
  });
}

/** Docstrings that cannot be read alone. */
function leaningDocstrings(text) {
  return [...text.matchAll(LEANING)].map((match) => ({
    line: lineAt(text, match.index + match[0].length - match[1].length),
    text: match[1].trim(),
    advice: 'a docstring is read alone in a hover: begin with what the thing is or does',
  }));
}

/**
 * The identifiers that a declaration or a parameter names: `{ a: b, ...c }` names b and c. What is written
 * once for both, as in `{ a }`, is the name of the property, which stands where that is declared.
 */
function namesOfPattern(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern];
    case 'AssignmentPattern':
      return namesOfPattern(pattern.left);
    case 'RestElement':
      return namesOfPattern(pattern.argument);
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesOfPattern);
    case 'ObjectPattern':
      return pattern.properties
        .filter(({ shorthand }) => !shorthand)
        .flatMap((property) => namesOfPattern(property.value ?? property));
    case 'TSParameterProperty':
      return namesOfPattern(pattern.parameter);
    default:
      return [];
  }
}

const FUNCTIONS = new Set(['FunctionExpression', 'ArrowFunctionExpression', 'TSFunctionType']);

/** Whether a name plainly stands for a function: then a verb, such as `read`, is right. */
const isFunction = (annotation, value) =>
  FUNCTIONS.has(annotation?.typeAnnotation.type) || FUNCTIONS.has(value?.type);

/** Whether a value is the result of a method of this name. */
const isCallOf = (method, value) =>
  value?.type === 'CallExpression' && value.callee.property?.name === method;

/** Values, parameters, properties and types whose name is no noun. */
function nounlessNames({ text, program }) {
  const places = [];
  const words = new Set();
  /**
   * Looks at a name. `read` is right for a function, `each` in a loop over elements, and `bound` for what a
   * number stays under, but not for what `bind` returns.
   */
  const look = (identifier, { isVerb = false, isElement = false, isBinding = false } = {}) => {
    const word = identifier.name.toLowerCase();
    words.add(word);
    const isRight =
      (word === 'read' && isVerb) ||
      (word === 'each' && (isVerb || isElement)) ||
      (word === 'bound' && !isBinding);
    if (NOUNS.has(word) && !isRight) places.push({ identifier, word });
  };
  const lookAtParameters = ({ params }) => {
    for (const identifier of params.flatMap(namesOfPattern)) {
      look(identifier, { isVerb: isFunction(identifier.typeAnnotation), isElement: true });
    }
  };
  const lookAtProperty = ({ key, computed, typeAnnotation, value }) => {
    if (computed || !['Identifier', 'PrivateIdentifier'].includes(key.type)) return;
    look(key, { isVerb: isFunction(typeAnnotation, value) });
  };
  const lookAtType = ({ id }) => id && look(id);
  const loopNames = new Set();
  const enterLoop = ({ left }) => {
    if (left.type !== 'VariableDeclaration') return;
    for (const identifier of namesOfPattern(left.declarations[0].id)) loopNames.add(identifier);
  };
  new Visitor({
    ForOfStatement: enterLoop,
    ForInStatement: enterLoop,
    VariableDeclarator: ({ id, init }) => {
      for (const identifier of namesOfPattern(id)) {
        const isVerb = isFunction(identifier.typeAnnotation, init);
        look(identifier, { isVerb, isElement: loopNames.has(identifier), isBinding: isCallOf('bind', init) });
      }
    },
    FunctionDeclaration: lookAtParameters,
    FunctionExpression: lookAtParameters,
    ArrowFunctionExpression: lookAtParameters,
    TSFunctionType: lookAtParameters,
    TSMethodSignature: lookAtParameters,
    TSDeclareFunction: lookAtParameters,
    TSEmptyBodyFunctionExpression: lookAtParameters,
    CatchClause: ({ param }) => {
      for (const identifier of namesOfPattern(param)) look(identifier);
    },
    ClassDeclaration: lookAtType,
    TSInterfaceDeclaration: lookAtType,
    TSTypeAliasDeclaration: lookAtType,
    TSEnumDeclaration: lookAtType,
    TSPropertySignature: lookAtProperty,
    PropertyDefinition: lookAtProperty,
    ObjectExpression: ({ properties }) => {
      for (const property of properties) {
        const isName = property.type === 'Property' && !property.computed && !property.shorthand;
        // Most objects with a `read` implement an interface, where its type says that it is a function.
        if (isName && property.key.type === 'Identifier') look(property.key, { isVerb: true });
      }
    },
  }).visit(program);
  return places
    .filter(({ word }) => word !== 'left' || !words.has('right')) // beside a right, it is a side
    .map(({ identifier, word }) => ({
      line: lineAt(text, identifier.start),
      text: identifier.name,
      advice: `a value is named by a noun, such as ${NOUNS.get(word)}`,
    }));
}

/** The beginning of a long text, by which a reader finds it. */
const shorten = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** All violations under `root`, one line each: `file:line: text: what to do`. */
export function wordViolations(root) {
  return sourceFiles(root)
    .filter((file) => !GENERATED.has(file))
    .flatMap((file) => {
      const source = parseSource(root, file);
      const places = [
        ...wideComments(source.text),
        ...leaningDocstrings(source.text),
        ...nounlessNames(source),
      ];
      return places
        .toSorted((a, b) => a.line - b.line)
        .map(({ line, text, advice }) => `${file}:${line}: ${shorten(text)}: ${advice}`);
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = wordViolations(join(import.meta.dirname, '../..'));
  for (const line of violations) console.error(line);
  console.log(violations.length === 0 ? 'Words are plain.' : `${violations.length} words to mend.`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
