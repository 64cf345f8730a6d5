/** Options of the Svelte compiler: runes everywhere, styles in files, since the policy refuses inline ones. */
export default { compilerOptions: { runes: true, css: 'external' } };
