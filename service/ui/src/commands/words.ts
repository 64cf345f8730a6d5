/** An order as an officer calls it. */
import { t } from '../i18n/index.svelte';
import type { Order } from '../lib/types';

export function orderWords(order: Order): string {
  switch (order.name) {
    case 'start':
      return t('order_start', { plate: order.declaration.plate || t('unknown_plate') });
    case 'probe':
      return order.inside ? t('order_probe_in') : t('order_probe_out');
    case 'leave':
      return t('order_leave');
    case 'return':
      return t('order_return');
    case 'end':
      return t('order_end');
  }
}
