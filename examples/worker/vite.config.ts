// Workers are ES modules, as the packages are.
export default { worker: { format: 'es' }, build: { target: 'es2022' } };
