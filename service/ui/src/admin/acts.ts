/** What stands in the audit log, in an officer's words. */
import { adminEn } from './words.en';
import { a } from './words';

const PREFIX = 'admin_act_';

/** Every act that has a word, by the word of English. */
export const ACTS: readonly string[] = Object.keys(adminEn)
  .filter((key) => key.startsWith(PREFIX))
  .map((key) => key.slice(PREFIX.length));

/** An act in words; one without stands for itself. */
export function actWord(action: string): string {
  return ACTS.includes(action) ? a(`${PREFIX}${action}` as 'admin_act_login') : action;
}
