// The service worker is one file: it may not load any other. `npm run build`, then load `dist` as an extension.
export default {
  build: {
    target: 'es2022',
    rolldownOptions: {
      input: 'background.js',
      output: { format: 'iife', entryFileNames: 'background.js', codeSplitting: false },
    },
  },
};
