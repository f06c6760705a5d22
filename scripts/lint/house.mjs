/**
 * Rules of this house that oxlint has no rule for.
 *
 * house/clock: what asks the machine for time or chance and is neither a global nor a property: `new Date()` and
 * `Date()`, timers from node:timers, random values from node:crypto. Only src/clock.ts may; everybody else is handed a
 * Clock. `new Date(someNumber)` is only arithmetic and stays allowed.
 */
const TIME = 'This asks the machine for the time. Take a Clock.';
const CHANCE = 'This asks the machine for chance. Take a Clock and use clock.randomBytes.';
const TIMERS = /^(node:)?timers(\/promises)?$/;
const CRYPTO = /^(node:)?crypto$/;
const RANDOM = /^(random|getRandomValues|webcrypto)/;

function isDate(callee) {
  return callee.type === 'Identifier' && callee.name === 'Date';
}

function create(context) {
  return {
    NewExpression(node) {
      if (isDate(node.callee) && node.arguments.length === 0) context.report({ node, message: TIME });
    },
    CallExpression(node) {
      if (isDate(node.callee)) context.report({ node, message: TIME });
    },
    ImportDeclaration(node) {
      if (TIMERS.test(node.source.value)) context.report({ node, message: TIME });
      if (!CRYPTO.test(node.source.value)) return;
      for (const specifier of node.specifiers) {
        const name = specifier.type === 'ImportSpecifier' ? specifier.imported.name : 'random';
        if (RANDOM.test(name)) context.report({ node: specifier, message: CHANCE });
      }
    },
  };
}

export default { meta: { name: 'house' }, rules: { clock: { create } } };
