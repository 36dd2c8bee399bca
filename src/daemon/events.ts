import type { InterfaceChange } from '../datapath/index.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { RevisionSummary, Who } from './revision.ts';

/** What happens in a daemon, for its log. */
export type DaemonEvent =
  | {
      readonly event: 'in-force';
      /** `adopted`: it was in force already. `restored`: it was before the machine started again. */
      readonly how: 'adopted' | 'restored' | 'applied' | 'confirmed' | 'rolled-back';
      readonly revision: RevisionSummary;
      readonly interfaces: readonly string[];
    }
  | { readonly event: 'pending'; readonly kind: 'trial' | 'observation'; readonly revision: RevisionSummary }
  | { readonly event: 'reverted'; readonly why: 'deadline' | 'rolled-back'; readonly revision?: RevisionSummary }
  | { readonly event: 'down'; readonly by?: Who; readonly interfaces: readonly string[] }
  | { readonly event: 'set'; readonly set: string; readonly problems: readonly Problem[] }
  | {
      readonly event: 'log';
      readonly time: Date;
      readonly rule: string;
      readonly line: number;
      readonly packet: string;
    }
  | ({ readonly event: 'interface' } & InterfaceChange)
  | { readonly event: 'problems'; readonly problems: readonly Problem[] };
