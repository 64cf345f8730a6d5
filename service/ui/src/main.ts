/** Puts the booth on the page; in a development build `#gallery` shows its parts instead. */
import { mount } from 'svelte';
import App from './App.svelte';
import './design/tokens.css';
import { speakRemembered } from './i18n/index.svelte';

const WORDS_WITHIN_MS = 3000;

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
if (import.meta.env.DEV && location.hash.startsWith('#gallery')) {
  void import('./design/Gallery.svelte').then(({ default: Gallery }) => mount(Gallery, { target }));
} else {
  // Who speaks French gets no English first, unless its words keep them waiting: then those come when they come.
  void Promise.race([speakRemembered(), new Promise((go) => setTimeout(go, WORDS_WITHIN_MS))]).then(() => mount(App, { target }));
}
