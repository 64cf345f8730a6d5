/** French: the image viewer. */
import type { imagesEn } from './images.en';

export const imagesFr: Record<keyof typeof imagesEn, string> = {
  image_viewer: 'Images en grand',
  image_full: 'Plein écran',
  image_tools: 'Outils pour\u00a0: {name}',
  image_over: 'Superposé à\u00a0: {name}',
  image_described:
    'Touches\u00a0: plus et moins pour zoomer, flèches pour déplacer, M pour mesurer, point d’interrogation pour la liste des touches.',
  image_auto: 'Auto',
  image_auto_hint: 'Niveau et fenêtre choisis d’après l’image',
  image_span: '{low} à {high}\u00a0{unit}',
  image_hides: 'Peut cacher quelqu’un',
  image_unknown: 'Non mesuré',
  image_no_value: 'aucune valeur ici',
  image_hatched_note:
    'Hachuré\u00a0: les rayons X n’ont pas traversé, ou rien n’a été mesuré. Ce qui s’y trouve ne se voit pas.',
  image_unknown_note: 'Hachures croisées\u00a0: rien n’y a été mesuré. Ce qui s’y trouve ne se voit pas.',
  image_measure: 'Mesurer',
  image_measure_first: 'Mesurer\u00a0: cliquez au début, ou déplacez la croix avec les flèches et appuyez sur Entrée.',
  image_measure_second: '{m}\u00a0m jusqu’ici (en longueur {along}\u00a0m, en hauteur {up}\u00a0m)\u00a0: indiquez la fin.',
  image_measured: '{m}\u00a0m (en longueur {along}\u00a0m, en hauteur {up}\u00a0m)',
  image_length: '{m}\u00a0m',
  image_scale_known:
    'Les longueurs sont exactes au milieu du véhicule\u00a0; ce qui est plus près de la source de rayons X paraît plus grand.',
  image_scale_unknown:
    'Personne n’a indiqué combien de millimètres fait un pixel\u00a0: cette image ne se mesure pas en mètres.',
  image_beside: 'À côté',
  image_beside_none: 'rien',
  image_here: 'Cette voie maintenant',
  image_past: 'Autres contrôles',
  image_of_scan: 'd’un autre contrôle\u00a0: {scan}',
  problem_no_picture: 'L’enregistrement de ce contrôle n’a pas cette image. Choisissez-en une autre.',
  image_linked: 'Déplacer ensemble',
  image_help: 'Touches et souris',
  image_mouse:
    'Glisser pour déplacer\u00a0; molette, double clic ou deux doigts pour zoomer\u00a0; dans la page de la voie, la molette zoome après un clic sur l’image, ou avec Ctrl. Glisser avec le bouton droit\u00a0: de haut en bas pour le niveau, de côté pour la fenêtre.',
  image_hatching:
    'Hachuré\u00a0: les rayons X n’ont pas traversé. Hachures croisées\u00a0: rien n’a été mesuré, ou le détecteur était ébloui. Cette image ne dit pas ce qui s’y trouve.',
  image_key_zoom: 'Agrandir, réduire',
  image_key_pan: 'Déplacer\u00a0; avec Maj à grands pas',
  image_key_all: 'Image entière',
  image_key_level: 'Niveau\u00a0: plus clair ou plus sombre',
  image_key_window: 'Fenêtre\u00a0: plus ou moins de contraste',
  image_key_auto: 'Niveau et fenêtre automatiques',
  image_key_over: 'Cadres, carte de chaleur, hachures',
  image_key_measure: 'Mesurer\u00a0: les flèches déplacent la croix, Entrée pose un point, Échap termine',
  image_key_help: 'Cette liste',
};
