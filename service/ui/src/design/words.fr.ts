/** The design page in French. */
import type { designEn } from './words.en';

export const designFr: Record<keyof typeof designEn, string> = {
  design_title: 'De quoi le poste est fait',
  design_intro: 'Couleurs, tailles et pièces telles que cette page les a maintenant. Les composants les prennent ici et nulle part ailleurs.',
  design_colours: 'Couleurs',
  design_contrast: 'Ce qui se lit sur quoi',
  design_contrast_note: 'Au moins 4,5 contre 1 pour le texte (WCAG 2.2, AA), de jour comme de nuit.',
  design_ratio: '{ratio} contre 1',
  design_sample: 'FG-482-HK, 1 sur 3',
  design_text: 'Tailles des caractères',
  design_spaces: 'Espaces',
  design_parts: 'Pièces',
  design_field: 'Plaque',
  design_hint: 'Comme sur le véhicule',
  design_error: 'Personne n’a une telle plaque',
  design_choice: 'Chargement',
  design_option: 'surgelé',
  design_dialog: 'Qu’a trouvé la fouille\u00a0?',
  design_dialog_text: 'Rien ne quitte cette page avant confirmation.',
  design_close: 'Fermer',
};
