/** The words of the service in TypeScript: short names for what `schema.ts` has. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type State = Schemas['State'];
export type Me = Schemas['Me'];
export type Permission = Me['permissions'][number];
export type Role = Me['role'];
export type Lane = Schemas['Lane'];
export type Scan = Schemas['Scan'];
export type Declaration = NonNullable<Scan['declaration']>;
export type Assessment = NonNullable<Scan['assessment']>;
export type Recommendation = Assessment['recommendation'];
export type Evidence = Assessment['evidences'][number];
export type LifeRisk = Assessment['life_risk'];
export type Persons = NonNullable<Assessment['persons']>;
export type Box = Evidence['boxes'][number];
export type Curve = Evidence['curves'][number];
export type Said = Assessment['reasons'][number];
export type Alert = Schemas['Alert'];
export type Outcome = NonNullable<Alert['outcome']>;
export type AssignRequest = Schemas['AssignRequest'];
export type ShelveRequest = Schemas['ShelveRequest'];
export type Conditions = Schemas['Conditions'];
export type OutcomeRequest = Schemas['OutcomeRequest'];
export type Command = Schemas['Command'];
export type CommandRequest = Schemas['CommandRequest'];
export type Order = NonNullable<CommandRequest['order']>;
export type AlarmRates = Schemas['AlarmRates'];
export type Rates = Schemas['Rates'];
export type Handover = Schemas['Handover'];
export type HandoverItem = Schemas['HandoverItem'];
export type HandoverRequest = Schemas['HandoverRequest'];
export type Queue = Schemas['Queue'];
export type SessionInfo = Schemas['SessionInfo'];
export type SoundCheck = Schemas['SoundCheck'];
export type Vehicle = Schemas['Vehicle'];
export type LaneView = Schemas['LaneView'];
export type Live = NonNullable<LaneView['live']>;
export type Device = Live['devices'][number];
export type Trace = Live['traces'][number];
export type Picture = Live['pictures'][number];
export type Waiting = Live['waiting'][number];
export type FieldError = Schemas['FieldError'];
export type Problem = Schemas['ProblemBody'];
export type PasswordChange = Schemas['PasswordRequest'];
export type UnlockRequest = Schemas['UnlockRequest'];
export type VehicleClass = Declaration['vehicle_class'];
export type Cargo = Declaration['cargo'];

// Events of the stream that are no resources.
export type Hello = Schemas['Hello'];
export type Heartbeat = Schemas['Heartbeat'];
export type Trouble = Schemas['Trouble'];
export type Bye = Schemas['Bye'];
/** A lane's live view as the stream carries it: its traces hold only what is new. */
export type LiveEvent = Schemas['LiveEvent'];

// Past scans.
export type FoundScan = Schemas['FoundScan'];
export type Timeline = Schemas['Timeline'];
export type TimelineVisit = Timeline['visits'][number];
export type TimelineEvent = TimelineVisit['events'][number];
