/** Puts the booth on the page; in a development build `#gallery` shows its parts instead. */
import { mount } from 'svelte';
import App from './App.svelte';
import './design/tokens.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
if (import.meta.env.DEV && location.hash.startsWith('#gallery')) {
  void import('./design/Gallery.svelte').then(({ default: Gallery }) => mount(Gallery, { target }));
} else {
  mount(App, { target });
}
