/** The booth's pages: what stands in the rail, who sees it, and where its part of the build is. */
import type { Component } from 'svelte';
import type { IconName } from '../design/icons';
import type { Key } from '../i18n/index.svelte';
import type { Permission } from '../lib/types';

export interface Page {
  /** As in the address: `#/id`. */
  id: string;
  title: Extract<Key, `page_${'alerts' | 'history' | 'shift' | 'health' | 'validation' | 'admin' | 'scan' | 'design'}`>;
  icon: IconName;
  /** Fetches it when somebody goes there; the lane comes with the frame, so that it is there at once. */
  load: () => Promise<{ default: Component<Record<string, never>> }>;
  /** Shown to those who may do one of these; everybody where nothing is named. */
  needs?: readonly Permission[];
  /** Reached from other pages only: not in the rail. */
  unlisted?: boolean;
  /** Shows the alerts itself, so that they do not stand beside it as well. */
  alerts?: boolean;
}

export const PAGES: readonly Page[] = [
  { id: 'alerts', title: 'page_alerts', icon: 'bell', load: () => import('../alerts/AlertsPage.svelte'), alerts: true },
  { id: 'history', title: 'page_history', icon: 'history', load: () => import('../history/HistoryPage.svelte') },
  { id: 'shift', title: 'page_shift', icon: 'shift', load: () => import('../shift/ShiftPage.svelte') },
  { id: 'health', title: 'page_health', icon: 'health', load: () => import('../health/HealthPage.svelte') },
  { id: 'validation', title: 'page_validation', icon: 'validation', load: () => import('../validation/ValidationPage.svelte') },
  { id: 'admin', title: 'page_admin', icon: 'gear', load: () => import('../admin/AdminPage.svelte'), needs: ['manage_accounts', 'manage_lanes', 'read_audit'] },
  { id: 'scan', title: 'page_scan', icon: 'lorry', load: () => import('../replay/ReplayPage.svelte'), unlisted: true },
  { id: 'design', title: 'page_design', icon: 'gear', load: () => import('../design/DesignPage.svelte'), unlisted: true },
];

/** Whether somebody with these permissions may open a page. */
export function mayOpen({ needs }: Page, permissions: readonly Permission[]): boolean {
  return !needs || needs.some((one) => permissions.includes(one));
}

/** The pages that stand in somebody's rail. */
export function listed(permissions: readonly Permission[], pages: readonly Page[] = PAGES): Page[] {
  return pages.filter((page) => !page.unlisted && mayOpen(page, permissions));
}
