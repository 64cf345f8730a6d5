/** The lane view's words in English. */
export const laneEn = {
  lane: 'Lane',
} as const;
