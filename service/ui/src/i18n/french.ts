/** All French words, the shell's and each page's: a part of the build of its own, fetched when French is spoken. */
import { adminFr } from '../admin/words.fr';
import { alertsPageFr } from '../alerts/words.fr';
import { designFr } from '../design/words.fr';
import { healthFr } from '../health/words.fr';
import { historyFr } from '../history/words.fr';
import { replayFr } from '../replay/words.fr';
import { shiftFr } from '../shift/words.fr';
import { validationFr } from '../validation/words.fr';
import { alertsFr } from './alerts.fr';
import { fr as shellFr } from './fr';
import { imagesFr } from './images.fr';
import { laneFr } from './lane.fr';
import { lifeFr } from './life.fr';
import { problemsFr } from './problems.fr';

export const french = {
  ...shellFr,
  ...laneFr,
  ...lifeFr,
  ...alertsFr,
  ...imagesFr,
  ...problemsFr,
  ...adminFr,
  ...alertsPageFr,
  ...designFr,
  ...healthFr,
  ...historyFr,
  ...replayFr,
  ...shiftFr,
  ...validationFr,
} as const;
