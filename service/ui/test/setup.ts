/** Tests switch languages at once: French is fetched before they begin. */
import { learn } from '../src/i18n/index.svelte';

await learn();
