/** How each level of an alert looks. */
import type { IconName } from '../design/icons';
import type { Alert } from '../lib/types';

export const LEVELS = ['rescue', 'search', 'officer'] as const satisfies readonly Alert['level'][];
export const LEVEL_ICON: Record<Alert['level'], IconName> = { rescue: 'rescue', search: 'search', officer: 'bell' };
