/** The shapes of our own small icon set: paths in a 24 × 24 field, drawn as strokes. */

export const ICONS = {
  // recommendations: four outlines that differ from afar
  rescue: ['M12 2.5 22.5 21h-21z', 'M12 9v6', 'M12 17.6v.6'],
  search: ['M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13', 'm15.4 15.4 5.6 5.6'],
  'no-indication': ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'M7.5 12h9'],
  inconclusive: ['M3.5 3.5h17v17h-17z', 'M9 9.4a3 3 0 1 1 4.6 2.5c-1 .7-1.6 1.2-1.6 2.4', 'M12 17.4v.6'],
  measuring: ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'M12 7v5l3.5 2'],
  // states
  ready: ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'm8 12.4 2.8 2.8L16 9.6'],
  warming: ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'M12 7v5l3.5 2'],
  degraded: ['M12 3 22 20.5H2z', 'M12 9.5v5', 'M12 17.2v.6'],
  lost: ['M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z', 'm8.6 8.6 6.8 6.8', 'm15.4 8.6-6.8 6.8'],
  closed: ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'm5.8 5.8 12.4 12.4'],
  stale: ['M3 9.5a13 13 0 0 1 18 0', 'M6.5 13.2a8 8 0 0 1 11 0', 'M12 18.6v.4', 'm4 3 16 18'],
  // things
  lorry: ['M2 6h11v11H2z', 'M13 10h4.5l4 4v3H13z', 'M6.5 15.5a2 2 0 1 0 0 4 2 2 0 1 0 0-4', 'M17 15.5a2 2 0 1 0 0 4 2 2 0 1 0 0-4'],
  'probe-in': ['M3 12h12', 'm11 8 4 4-4 4', 'M14 4h7v16h-7'],
  'probe-out': ['M21 12H9', 'm13 8-4 4 4 4', 'M10 4H3v16h7'],
  clock: ['M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18', 'M12 7v5l3.5 2'],
  heart: ['M12 20C5 15 3 11.8 3 8.6A4.6 4.6 0 0 1 12 7a4.6 4.6 0 0 1 9 1.6C21 11.8 19 15 12 20z'],
  people: ['M9 4.5a3 3 0 1 0 0 6 3 3 0 1 0 0-6', 'M3 20v-2a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v2', 'M16 5a3 3 0 0 1 0 5.5', 'M18 13.6a5 5 0 0 1 3 4.4v2'],
  // actions
  bell: ['M6 16V11a6 6 0 0 1 12 0v5l2 2H4z', 'M10 21h4'],
  open: ['m6 9 6 6 6-6'],
  close: ['m5 5 14 14', 'm19 5-14 14'],
  plus: ['M12 5v14', 'M5 12h14'],
  minus: ['M5 12h14'],
  undo: ['M4 10h10a5 5 0 0 1 0 10h-4', 'm8 6-4 4 4 4'],
  leave: ['M10 4H4v16h6', 'M9 12h12', 'm17 8 4 4-4 4'],
  lock: ['M5 11h14v10H5z', 'M8 11V7.5a4 4 0 0 1 8 0V11', 'M12 15v2.5'],
  person: ['M12 4a4 4 0 1 0 0 8 4 4 0 1 0 0-8', 'M4 21v-1a7 7 0 0 1 7-5h2a7 7 0 0 1 7 5v1'],
  gear: ['M4 7h10', 'M18 7h2', 'M16 5a2 2 0 1 0 0 4 2 2 0 1 0 0-4', 'M4 17h2', 'M10 17h10', 'M8 15a2 2 0 1 0 0 4 2 2 0 1 0 0-4'],
} as const satisfies Record<string, readonly string[]>;

export type IconName = keyof typeof ICONS;
