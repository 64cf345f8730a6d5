/** The shell's words in English; the lane's are in lane.en.ts. */
export const en = {
  product: 'lorryscan',
} as const;
