/** Made by `npm run types` from the service's OpenAPI document: do not edit. */

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AboutTold
         * @description What judged: code, calibration set, policy, models by id with their SHA-256; "" = not told.
         */
        AboutTold: {
            /**
             * Calibrations
             * @default
             */
            calibrations: string;
            /**
             * Code
             * @default
             */
            code: string;
            /** Models */
            models: {
                [key: string]: string;
            };
            /**
             * Policy
             * @default
             */
            policy: string;
            /**
             * Version
             * @default
             */
            version: string;
        };
        /**
         * AlarmRates
         * @description Alarm rates over all and of each lane that may alarm or has alarmed, beside what is manageable.
         */
        AlarmRates: {
            eemua_191: components["schemas"]["Eemua"];
            /** Lanes */
            lanes: {
                [key: string]: components["schemas"]["Rates"];
            };
            overall: components["schemas"]["Rates"];
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
        };
        /**
         * Alert
         * @description An alert: one a scan.
         *
         *     ``owner`` answers for it now: whoever acknowledged it, or took it over at a hand-over.
         *     ``due_utc_ms`` is when the present step is late; ``escalation`` counts how often that was so
         *     (1: supervisors are called). ``assigned_is_account`` is false for a search team's name.
         */
        Alert: {
            /**
             * Acknowledged By
             * @default
             */
            acknowledged_by: string;
            /** Acknowledged Utc Ms */
            acknowledged_utc_ms: number | null;
            /**
             * Assigned By
             * @default
             */
            assigned_by: string;
            /**
             * Assigned Is Account
             * @default false
             */
            assigned_is_account: boolean;
            /**
             * Assigned To
             * @default
             */
            assigned_to: string;
            /** Assigned Utc Ms */
            assigned_utc_ms: number | null;
            /**
             * Closed By
             * @default
             */
            closed_by: string;
            /** Closed Utc Ms */
            closed_utc_ms: number | null;
            /** Due Utc Ms */
            due_utc_ms: number | null;
            /**
             * Escalation
             * @default 0
             */
            escalation: number;
            /** Id */
            id: string;
            /** Lane Id */
            lane_id: string;
            level: components["schemas"]["AlertLevel"];
            /** Minutes Low */
            minutes_low: number | "inf" | null;
            outcome: components["schemas"]["Outcome"] | null;
            /**
             * Owner
             * @default
             */
            owner: string;
            /** Persons Likely */
            persons_likely: number | null;
            /** Plate */
            plate: string;
            /** Raised By */
            raised_by: string;
            /**
             * Raised Utc Ms
             * @description milliseconds since 1970
             */
            raised_utc_ms: number;
            /** Reasons */
            reasons: components["schemas"]["Said"][];
            /** Scan Id */
            scan_id: string;
            /**
             * Shelved By
             * @default
             */
            shelved_by: string;
            /**
             * Shelved Reason
             * @default
             */
            shelved_reason: string;
            /** Shelved Until Utc Ms */
            shelved_until_utc_ms: number | null;
            /** Shelved Utc Ms */
            shelved_utc_ms: number | null;
            state: components["schemas"]["AlertState"];
            /** Version */
            version: number;
        };
        /**
         * AlertLevel
         * @description Why it was raised: what the lane recommends, or an officer's own judgement.
         * @enum {string}
         */
        AlertLevel: "rescue" | "search" | "officer";
        /**
         * AlertRequest
         * @description Why an officer raises an alert by hand.
         */
        AlertRequest: {
            /**
             * Note
             * @default
             */
            note: string;
        };
        /**
         * AlertState
         * @description Where an alert is in its life; it never goes back, but a `rescue` raises it again.
         * @enum {string}
         */
        AlertState: "raised" | "acknowledged" | "assigned" | "outcome" | "closed";
        /**
         * AssessmentMessage
         * @description The recommendation changed, or became final.
         */
        AssessmentMessage: {
            body: components["schemas"]["AssessmentWireInput"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "assessment";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * AssessmentWire
         * @description What all evidence together says at one tick, as in the recording.
         *
         *     Unknown keys are kept: the digest counts them.
         */
        AssessmentWire: {
            /** Digest */
            digest: string;
            /** Evidences */
            evidences: components["schemas"]["EvidenceWire"][];
            /** Final */
            final: boolean;
            fused: components["schemas"]["FusedWire"] | null;
            life_risk: components["schemas"]["LifeRiskWire"];
            /** Mono Ns */
            mono_ns: number;
            persons: components["schemas"]["PersonsWire"] | null;
            /** Posterior */
            posterior: number;
            /**
             * Procedure
             * @default []
             */
            procedure: components["schemas"]["Said"][];
            /** Reasons */
            reasons: components["schemas"]["Said"][];
            recommendation: components["schemas"]["Recommendation"];
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
            /** Second Dip Due Utc Ms */
            second_dip_due_utc_ms: number | null;
            /**
             * Versions
             * @default {}
             */
            versions: {
                [key: string]: string;
            };
            /** Visit */
            visit: number;
        } & {
            [key: string]: unknown;
        };
        /**
         * AssessmentWire
         * @description What all evidence together says at one tick, as in the recording.
         *
         *     Unknown keys are kept: the digest counts them.
         */
        AssessmentWireInput: {
            /** Digest */
            digest: string;
            /** Evidences */
            evidences: components["schemas"]["EvidenceWireInput"][];
            /** Final */
            final: boolean;
            fused?: components["schemas"]["FusedWire"] | null;
            life_risk: components["schemas"]["LifeRiskWireInput"];
            /** Mono Ns */
            mono_ns: number;
            persons: components["schemas"]["PersonsWire"] | null;
            /** Posterior */
            posterior: number;
            /**
             * Procedure
             * @default []
             */
            procedure: components["schemas"]["SaidInput"][];
            /** Reasons */
            reasons: components["schemas"]["SaidInput"][];
            recommendation: components["schemas"]["Recommendation"];
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
            /** Second Dip Due Utc Ms */
            second_dip_due_utc_ms?: number | null;
            /**
             * Versions
             * @default {}
             */
            versions: {
                [key: string]: string;
            };
            /** Visit */
            visit: number;
        } & {
            [key: string]: unknown;
        };
        /**
         * AssignRequest
         * @description Who searches: the name of an account, or what a search team without one is called.
         */
        AssignRequest: {
            /** To */
            to: string;
        };
        /**
         * AuditEntry
         * @description One thing that somebody or a lane did; entries are only ever added.
         */
        AuditEntry: {
            /** Action */
            action: string;
            /** Detail */
            detail: {
                [key: string]: unknown;
            };
            /** Sequence */
            sequence: number;
            /** Subject */
            subject: string;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /** Who */
            who: string;
        };
        /**
         * Became
         * @description What became of a scan: what its alert's search found, or that there is nothing to say of it.
         * @enum {string}
         */
        Became: "people_found" | "nothing_found" | "not_searched" | "not_recorded" | "no_alert";
        /**
         * BoxWire
         * @description A region of a sensor's picture, in that picture's pixels; ``score`` is of what it ``marks``.
         *
         *     "people": how much it looks like them, 0..1; "hot_spot": K above the view's median; "blind": the
         *     share of it that nothing is known of.
         */
        BoxWire: {
            /** Height */
            height: number;
            /**
             * Marks
             * @default people
             * @enum {string}
             */
            marks: "people" | "hot_spot" | "blind";
            /** Score */
            score: number;
            /** Sensor */
            sensor: string;
            /** Width */
            width: number;
            /** X */
            x: number;
            /** Y */
            y: number;
        };
        /**
         * BoxWire
         * @description A region of a sensor's picture, in that picture's pixels; ``score`` is of what it ``marks``.
         *
         *     "people": how much it looks like them, 0..1; "hot_spot": K above the view's median; "blind": the
         *     share of it that nothing is known of.
         */
        BoxWireInput: {
            /** Height */
            height: number;
            /**
             * Marks
             * @default people
             * @enum {string}
             */
            marks: "people" | "hot_spot" | "blind";
            /** Score */
            score: number;
            /** Sensor */
            sensor: string;
            /** Width */
            width: number;
            /** X */
            x: number;
            /** Y */
            y: number;
        };
        /**
         * Bye
         * @description Why the service ends the stream.
         */
        Bye: {
            /**
             * Code
             * @enum {string}
             */
            code: "session_ended" | "shutting_down";
        };
        /**
         * CargoClass
         * @description Cargo by what it does to the methods.
         * @enum {string}
         */
        CargoClass: "empty" | "boxed" | "frozen" | "produce" | "meat" | "dry_ice" | "liquid" | "inert";
        /**
         * Command
         * @description A command to a lane. A lane that does not take it within 10 s never gets it.
         */
        Command: {
            answer: components["schemas"]["Said"] | null;
            /** Answered Utc Ms */
            answered_utc_ms: number | null;
            /** By */
            by: string;
            /**
             * Given Utc Ms
             * @description milliseconds since 1970
             */
            given_utc_ms: number;
            /** Id */
            id: string;
            /** Lane Id */
            lane_id: string;
            /** Order */
            order: components["schemas"]["StartOrder"] | components["schemas"]["ProbeOrder"] | components["schemas"]["LeaveOrder"] | components["schemas"]["ReturnOrder"] | components["schemas"]["EndOrder"];
            state: components["schemas"]["CommandState"];
        };
        /**
         * CommandAnswer
         * @description What became of an order: ``done``, or why not.
         */
        CommandAnswer: {
            answer: components["schemas"]["SaidInput"];
            /**
             * Command
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            command: string;
            /** Done */
            done: boolean;
        };
        /**
         * CommandAnswerMessage
         * @description See `CommandAnswer`; ``scan_id`` is empty where no scan is meant.
         */
        CommandAnswerMessage: {
            body: components["schemas"]["CommandAnswer"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "command_answer";
            /**
             * Scan Id
             * @default
             */
            scan_id: string | "";
        };
        /**
         * CommandRequest
         * @description ``key`` is made by the booth: asking again with the same key does nothing twice.
         *
         *     ``vehicle`` is an expected one: without an order its scan is started as its manifest says, with a
         *     start order as the officer says.
         */
        CommandRequest: {
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /** Order */
            order?: (components["schemas"]["StartOrderInput"] | components["schemas"]["ProbeOrder"] | components["schemas"]["LeaveOrder"] | components["schemas"]["ReturnOrder"] | components["schemas"]["EndOrder"]) | null;
            /** Vehicle */
            vehicle?: string | null;
        };
        /**
         * CommandState
         * @description Where a command is: waiting for the lane, answered, or too old to be carried out.
         * @enum {string}
         */
        CommandState: "waiting" | "sent" | "done" | "refused" | "expired";
        /**
         * Conditions
         * @description How the people are who were found: how many of each.
         */
        Conditions: {
            /**
             * Critical
             * @default 0
             */
            critical: number;
            /**
             * Dead
             * @default 0
             */
            dead: number;
            /**
             * Needs Care
             * @default 0
             */
            needs_care: number;
            /**
             * Well
             * @default 0
             */
            well: number;
        };
        /**
         * Conditions
         * @description How the people are who were found: how many of each.
         */
        ConditionsInput: {
            /**
             * Critical
             * @default 0
             */
            critical: number;
            /**
             * Dead
             * @default 0
             */
            dead: number;
            /**
             * Needs Care
             * @default 0
             */
            needs_care: number;
            /**
             * Well
             * @default 0
             */
            well: number;
        };
        /**
         * Consistency
         * @description The hashes (hex) that show that the log of ``now`` entries goes on the one of ``before``.
         */
        Consistency: {
            /** Before */
            before: number;
            /** Now */
            now: number;
            /** Path */
            path: string[];
        };
        /**
         * CountsTold
         * @description How many scans were judged.
         */
        CountsTold: {
            /** Empty */
            empty: number;
            /** Occupied */
            occupied: number;
            /** Scans */
            scans: number;
        };
        /**
         * CurveWire
         * @description Something to draw: ``kind`` says what the rows are (``scanner.evidence.Overlay``), the first is x.
         */
        CurveWire: {
            /** Kind */
            kind: string;
            /**
             * Rows
             * @default []
             */
            rows: number[][];
            /** Sensor */
            sensor: string;
        };
        /**
         * CurveWire
         * @description Something to draw: ``kind`` says what the rows are (``scanner.evidence.Overlay``), the first is x.
         */
        CurveWireInput: {
            /** Kind */
            kind: string;
            /**
             * Rows
             * @default []
             */
            rows: number[][];
            /** Sensor */
            sensor: string;
        };
        /**
         * DeclarationWire
         * @description What papers and driver say of the vehicle; ``closed_minutes`` since its doors were shut.
         *
         *     ``profile`` is the risk profile that it is declared to belong to, "" = none.
         */
        DeclarationWire: {
            cargo: components["schemas"]["CargoClass"];
            /** Closed Minutes */
            closed_minutes: number | null;
            /**
             * Laden
             * @default false
             */
            laden: boolean;
            /**
             * Plate
             * @default
             */
            plate: string;
            /**
             * Profile
             * @default
             */
            profile: string;
            vehicle_class: components["schemas"]["VehicleClass"];
        };
        /**
         * DeclarationWire
         * @description What papers and driver say of the vehicle; ``closed_minutes`` since its doors were shut.
         *
         *     ``profile`` is the risk profile that it is declared to belong to, "" = none.
         */
        DeclarationWireInput: {
            cargo: components["schemas"]["CargoClass"];
            /** Closed Minutes */
            closed_minutes?: number | null;
            /**
             * Laden
             * @default false
             */
            laden: boolean;
            /**
             * Plate
             * @default
             */
            plate: string;
            /**
             * Profile
             * @default
             */
            profile: string;
            vehicle_class: components["schemas"]["VehicleClass"];
        };
        /**
         * DeviceLive
         * @description One device now: ``text`` says in each language what is wrong and what to do ("" when nothing is).
         *
         *     ``detail`` is what the driver said, in its own words; ``newest`` its newest reading in
         *     words of each language.
         */
        DeviceLive: {
            /**
             * Detail
             * @default
             */
            detail: string;
            /** Name */
            name: string;
            /**
             * Newest
             * @default {}
             */
            newest: {
                [key: string]: string;
            };
            /** Role */
            role: string;
            /** Since Utc Ms */
            since_utc_ms: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "opening" | "warming_up" | "ready" | "degraded" | "lost" | "closed";
            /** Text */
            text: {
                [key: string]: string;
            };
        };
        /**
         * DeviceLive
         * @description One device now: ``text`` says in each language what is wrong and what to do ("" when nothing is).
         *
         *     ``detail`` is what the driver said, in its own words; ``newest`` its newest reading in
         *     words of each language.
         */
        DeviceLiveInput: {
            /**
             * Detail
             * @default
             */
            detail: string;
            /** Name */
            name: string;
            /**
             * Newest
             * @default {}
             */
            newest: {
                [key: string]: string;
            };
            /** Role */
            role: string;
            /** Since Utc Ms */
            since_utc_ms?: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "opening" | "warming_up" | "ready" | "degraded" | "lost" | "closed";
            /** Text */
            text: {
                [key: string]: string;
            };
        };
        /**
         * Eemua
         * @description What EEMUA 191 holds to be manageable for one operator.
         *
         *     ``average_per_10_min``: at most, in steady operation. ``flood_per_10_min``: this many are a flood.
         *     ``shares``: about so many of high, middle and low priority.
         */
        Eemua: {
            /**
             * Average Per 10 Min
             * @default 1
             */
            average_per_10_min: number;
            /**
             * Flood Per 10 Min
             * @default 10
             */
            flood_per_10_min: number;
            /**
             * @default {
             *       "rescue": 0.05,
             *       "search": 0.15,
             *       "officer": 0.8
             *     }
             */
            shares: components["schemas"]["LevelShares"];
        };
        /**
         * EndOrder
         * @description Close a scan.
         */
        EndOrder: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "end";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * Erased
         * @description How many scans, and vehicles that were never scanned, have no personal parts any more.
         */
        Erased: {
            /** Scans */
            scans: number;
            /** Vehicles */
            vehicles: number;
        };
        /**
         * EraseRequest
         * @description Whose: one scan's, or all of a plate; and why.
         */
        EraseRequest: {
            /** Plate */
            plate?: string | null;
            /** Reason */
            reason: string;
            /** Scan Id */
            scan_id?: string | null;
        };
        /**
         * EvidenceState
         * @description Whether a method has something to say.
         * @enum {string}
         */
        EvidenceState: "pending" | "ready" | "unavailable";
        /**
         * EvidenceWire
         * @description One method's evidence; ``llr`` is the natural logarithm of the likelihood ratio.
         */
        EvidenceWire: {
            /**
             * Boxes
             * @default []
             */
            boxes: components["schemas"]["BoxWire"][];
            /**
             * Calibration
             * @default
             */
            calibration: string;
            /**
             * Curves
             * @default []
             */
            curves: components["schemas"]["CurveWire"][];
            /**
             * Features
             * @default {}
             */
            features: {
                [key: string]: number | string;
            };
            /** Llr */
            llr: number;
            /** Modality */
            modality: string;
            /**
             * Model
             * @default
             */
            model: string;
            reason: components["schemas"]["Said"] | null;
            /** Score */
            score: number | null;
            state: components["schemas"]["EvidenceState"];
        };
        /**
         * EvidenceWire
         * @description One method's evidence; ``llr`` is the natural logarithm of the likelihood ratio.
         */
        EvidenceWireInput: {
            /**
             * Boxes
             * @default []
             */
            boxes: components["schemas"]["BoxWireInput"][];
            /**
             * Calibration
             * @default
             */
            calibration: string;
            /**
             * Curves
             * @default []
             */
            curves: components["schemas"]["CurveWireInput"][];
            /**
             * Features
             * @default {}
             */
            features: {
                [key: string]: number | string;
            };
            /** Llr */
            llr: number;
            /** Modality */
            modality: string;
            /**
             * Model
             * @default
             */
            model: string;
            reason?: components["schemas"]["SaidInput"] | null;
            /** Score */
            score?: number | null;
            state: components["schemas"]["EvidenceState"];
        };
        /**
         * FieldError
         * @description One thing that is wrong with what was sent: where, and what.
         */
        FieldError: {
            /** Location */
            location: string;
            /** Message */
            message: string;
        };
        /**
         * Figures
         * @description A report's key figures; ``methods``: all together first, then each alone.
         */
        Figures: {
            /** Cautions */
            cautions: components["schemas"]["Said"][];
            counts: components["schemas"]["CountsTold"];
            /** Methods */
            methods: components["schemas"]["MethodTold"][];
            /** Predictive */
            predictive: components["schemas"]["PredictiveTold"][];
            rates: components["schemas"]["RatesTold"];
        };
        /**
         * FoundScan
         * @description A scan that a search found, with what the search of its lorry brought as it stood when asked.
         */
        FoundScan: {
            /** Alert Id */
            alert_id: string | null;
            /** Assessed Utc Ms */
            assessed_utc_ms: number | null;
            assessment: components["schemas"]["AssessmentWire"] | null;
            /**
             * Closed By
             * @default
             */
            closed_by: string;
            /** Closed Utc Ms */
            closed_utc_ms: number | null;
            declaration: components["schemas"]["DeclarationWire"] | null;
            /** Final */
            final: boolean;
            /** Id */
            id: string;
            /** In Visit */
            in_visit: boolean;
            /**
             * Interrupted
             * @default false
             */
            interrupted: boolean;
            /** Lane Id */
            lane_id: string;
            /** Opened By */
            opened_by: string;
            /**
             * Opened Utc Ms
             * @description milliseconds since 1970
             */
            opened_utc_ms: number;
            outcome: components["schemas"]["OutcomeKind"] | null;
            /** People */
            people: number | null;
            recommendation: components["schemas"]["Recommendation"] | null;
            state: components["schemas"]["ScanState"];
            /** Version */
            version: number;
            /** Visits */
            visits: number;
        };
        /**
         * FusedWire
         * @description All ready evidence in one natural-log likelihood ratio; ``shares`` are what each method added to it.
         */
        FusedWire: {
            /** Bound */
            bound: number | "inf";
            /** Llr */
            llr: number;
            /** Shares */
            shares: {
                [key: string]: number;
            };
        };
        /**
         * GateRequest
         * @description A new gate.
         */
        GateRequest: {
            /** Expires Utc Ms */
            expires_utc_ms?: number | null;
            /**
             * Name
             * @example reader-1
             */
            name: string;
        };
        /**
         * GateToken
         * @description A gate's new token; it cannot be shown again.
         */
        GateToken: {
            /** Name */
            name: string;
            /** Token */
            token: string;
        };
        /**
         * GateTokenRequest
         * @description When a new token ends; null: not by date.
         */
        GateTokenRequest: {
            /** Expires Utc Ms */
            expires_utc_ms?: number | null;
        };
        /**
         * Handover
         * @description A hand-over.
         *
         *     ``items`` is what the outgoing officer signed. While it is open, ``present`` is how that is now and
         *     ``digest`` is of that: the incoming officer signs it. Afterwards they are what was signed.
         */
        Handover: {
            /** Digest */
            digest: string;
            /** Id */
            id: string;
            /**
             * Incoming
             * @default
             */
            incoming: string;
            /** Items */
            items: components["schemas"]["HandoverItem"][];
            /** Note */
            note: string;
            /**
             * Opened Utc Ms
             * @description milliseconds since 1970
             */
            opened_utc_ms: number;
            /** Outgoing */
            outgoing: string;
            /** Present */
            present: components["schemas"]["HandoverItem"][];
            /** Signed Utc Ms */
            signed_utc_ms: number | null;
            state: components["schemas"]["HandoverState"];
        };
        /**
         * HandoverItem
         * @description One thing that the next shift takes over: an alert that is not closed, or an open scan.
         */
        HandoverItem: {
            /**
             * Assigned To
             * @default
             */
            assigned_to: string;
            /** Id */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "alert" | "scan";
            /** Lane Id */
            lane_id: string;
            level: components["schemas"]["AlertLevel"] | null;
            /**
             * Note
             * @default
             */
            note: string;
            /**
             * Owner
             * @default
             */
            owner: string;
            /** Scan Id */
            scan_id: string;
            /** Shelved Until Utc Ms */
            shelved_until_utc_ms: number | null;
            /** State */
            state: string;
        };
        /**
         * HandoverRequest
         * @description What the outgoing officer says: of the shift, and of single items by their ids.
         */
        HandoverRequest: {
            /**
             * Note
             * @default
             */
            note: string;
            /** Notes */
            notes?: {
                [key: string]: string;
            };
        };
        /**
         * HandoverSignature
         * @description The ``digest`` of what the incoming officer was shown.
         */
        HandoverSignature: {
            /** Digest */
            digest: string;
        };
        /**
         * HandoverState
         * @description Whether a hand-over waits for its second signature; its officer's next one replaces it.
         * @enum {string}
         */
        HandoverState: "open" | "signed" | "replaced";
        /**
         * Happened
         * @description What an event is of.
         * @enum {string}
         */
        Happened: "probe_in" | "probe_out" | "doors_opened" | "doors_closed" | "command" | "fault" | "recovered" | "recommendation" | "scan_end";
        /**
         * Health
         * @description The service is well; ``warnings`` say what is wrong and harms no booth.
         */
        Health: {
            /** Run */
            run: string;
            /** Version */
            version: string;
            /**
             * Warnings
             * @default []
             */
            warnings: string[];
        };
        /**
         * Heartbeat
         * @description Comes every 0.8 s; after two that did not come, what a page shows is old.
         *
         *     ``troubles`` is what is wrong with the service itself.
         */
        Heartbeat: {
            /** Sequence */
            sequence: number;
            /**
             * Troubles
             * @default []
             */
            troubles: components["schemas"]["Trouble"][];
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
        };
        /**
         * Hello
         * @description First event of a stream: the service's process, its version and its newest event.
         */
        Hello: {
            /** Run */
            run: string;
            /** Sequence */
            sequence: number;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /** Version */
            version: string;
        };
        /**
         * Lane
         * @description A lane that has a token; ``heard_utc_ms`` is when it last spoke (null: never since the start).
         *
         *     ``silent`` is true when it has not spoken for 1.5 s: what is shown of it is old.
         */
        Lane: {
            /** Heard Utc Ms */
            heard_utc_ms: number | null;
            /** Id */
            id: string;
            /**
             * Revoked
             * @default false
             */
            revoked: boolean;
            /** Silent */
            silent: boolean;
        };
        /**
         * LaneRequest
         * @description A new lane.
         */
        LaneRequest: {
            /** Expires Utc Ms */
            expires_utc_ms?: number | null;
            /**
             * Id
             * @example north-quay-2
             */
            id: string;
            /** Scopes */
            scopes?: components["schemas"]["Scope"][] | null;
        };
        /**
         * LaneToken
         * @description A lane's new token; it cannot be shown again.
         */
        LaneToken: {
            /** Id */
            id: string;
            /** Token */
            token: string;
        };
        /**
         * LaneVersions
         * @description What a lane's newest assessment was made with; ``told_utc_ms`` null: it has assessed nothing lately.
         */
        LaneVersions: {
            /** Lane Id */
            lane_id: string;
            /** Told Utc Ms */
            told_utc_ms: number | null;
            /** Versions */
            versions: {
                [key: string]: string;
            };
        };
        /**
         * LaneView
         * @description A lane's newest live view; its traces go back up to two minutes.
         */
        LaneView: {
            lane: components["schemas"]["Lane"];
            live: components["schemas"]["Live"] | null;
        };
        /**
         * LeaveOrder
         * @description The lorry drives off, its scan stays open.
         */
        LeaveOrder: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "leave";
        };
        /**
         * LevelShares
         * @description How alarms spread over the levels, 0 to 1.
         */
        LevelShares: {
            /** Officer */
            officer: number;
            /** Rescue */
            rescue: number;
            /** Search */
            search: number;
        };
        /**
         * LifeLimitWire
         * @description Minutes until a limit of the air is reached: 5, 50 and 95 % if people are inside; "inf" = never.
         *
         *     ``limit`` is in ppm of ``co2``, in percent of ``oxygen``.
         */
        LifeLimitWire: {
            /** Gas */
            gas: string;
            /** High */
            high: number | "inf";
            /** Likely */
            likely: number | "inf";
            /** Limit */
            limit: number;
            /** Low */
            low: number | "inf";
        };
        /**
         * LifePointWire
         * @description Mean CO2 inside so many minutes after the assessment, ppm: 5, 50 and 95 % if people are inside.
         */
        LifePointWire: {
            /** High */
            high: number;
            /** Likely */
            likely: number;
            /** Low */
            low: number;
            /** Minutes */
            minutes: number;
        };
        /**
         * LifeRiskWire
         * @description Minutes until people inside are in danger: null = cannot be told, "inf" = never reached.
         *
         *     ``limits``, ``oxygen_pct`` and ``course`` are there where the air inside could be estimated; then
         *     the minutes are the 5, 50 and 95 % of the time to 40 000 ppm of CO2.
         */
        LifeRiskWire: {
            /**
             * Course
             * @default []
             */
            course: components["schemas"]["LifePointWire"][];
            /**
             * Limits
             * @default []
             */
            limits: components["schemas"]["LifeLimitWire"][];
            /** Minutes High */
            minutes_high: number | "inf" | null;
            /** Minutes Likely */
            minutes_likely: number | "inf" | null;
            /** Minutes Low */
            minutes_low: number | "inf" | null;
            oxygen_pct: components["schemas"]["OxygenNowWire"] | null;
            reason: components["schemas"]["Said"];
            /**
             * @default {
             *       "level": "unknown",
             *       "cold": false
             *     }
             */
            temperature: components["schemas"]["TemperatureRiskWire"];
        };
        /**
         * LifeRiskWire
         * @description Minutes until people inside are in danger: null = cannot be told, "inf" = never reached.
         *
         *     ``limits``, ``oxygen_pct`` and ``course`` are there where the air inside could be estimated; then
         *     the minutes are the 5, 50 and 95 % of the time to 40 000 ppm of CO2.
         */
        LifeRiskWireInput: {
            /**
             * Course
             * @default []
             */
            course: components["schemas"]["LifePointWire"][];
            /**
             * Limits
             * @default []
             */
            limits: components["schemas"]["LifeLimitWire"][];
            /** Minutes High */
            minutes_high: number | "inf" | null;
            /** Minutes Likely */
            minutes_likely?: number | "inf" | null;
            /** Minutes Low */
            minutes_low: number | "inf" | null;
            oxygen_pct?: components["schemas"]["OxygenNowWire"] | null;
            reason: components["schemas"]["SaidInput"];
            /**
             * @default {
             *       "level": "unknown",
             *       "cold": false
             *     }
             */
            temperature: components["schemas"]["TemperatureRiskWireInput"];
        };
        /**
         * LimitsLive
         * @description Fused natural-log ratios at or beyond which a scan may end: search above, no indication below.
         */
        LimitsLive: {
            /** No Indication Llr */
            no_indication_llr: number;
            /** Search Llr */
            search_llr: number;
        };
        /**
         * Live
         * @description A lane at one moment. ``run`` names the lane's process, ``sequence`` rises within it.
         *
         *     ``prior`` is the assumed share of occupied lorries that the posterior starts from: of the declared risk
         *     profile, of the declared class where the lane's policy does not name it. ``profiles`` are those that the
         *     policy names, by class. ``limits`` are those of the lorry in the lane. ``assessed_utc_ms`` is the moment
         *     that ``assessment`` is of.
         */
        Live: {
            /** Assessed Utc Ms */
            assessed_utc_ms: number | null;
            assessment: components["schemas"]["AssessmentWire"] | null;
            declaration: components["schemas"]["DeclarationWire"] | null;
            /** Devices */
            devices: components["schemas"]["DeviceLive"][];
            /**
             * Elapsed S
             * @default 0
             */
            elapsed_s: number;
            /**
             * Faults
             * @default []
             */
            faults: components["schemas"]["Said"][];
            limits: components["schemas"]["LimitsLive"] | null;
            /**
             * Pictures
             * @default []
             */
            pictures: components["schemas"]["PictureLive"][];
            /** Prior */
            prior: number | null;
            /**
             * Probe In
             * @default false
             */
            probe_in: boolean;
            /**
             * Profiles
             * @default {}
             */
            profiles: {
                [key: string]: string[];
            };
            /**
             * Run
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            run: string;
            /**
             * Scan Id
             * @default
             */
            scan_id: string | "";
            /** Sequence */
            sequence: number;
            /** Time Limit S */
            time_limit_s: number | null;
            /**
             * Traces
             * @default []
             */
            traces: components["schemas"]["TraceLive"][];
            /**
             * Untold
             * @default 0
             */
            untold: number;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /**
             * Visit
             * @default 0
             */
            visit: number;
            /**
             * Waiting
             * @default []
             */
            waiting: components["schemas"]["WaitingLive"][];
        };
        /**
         * LiveAnswer
         * @description What the service has: its run, and the newest version of each picture by sensor.
         *
         *     A lane that sees another ``run`` than before sends its traces of the last minute again.
         */
        LiveAnswer: {
            /** Pictures */
            pictures: {
                [key: string]: number;
            };
            /** Run */
            run: string;
        };
        /**
         * LiveEvent
         * @description A lane's live view on the stream: its traces hold only points that no earlier one held.
         *
         *     ``same_assessment``: the assessment is that of the lane's view before on this stream, and ``assessment``,
         *     most of a view, is left out.
         */
        LiveEvent: {
            /**
             * Assessed Utc Ms
             * @default null
             */
            assessed_utc_ms: number | null;
            /** @default null */
            assessment: components["schemas"]["AssessmentWire"] | null;
            /** @default null */
            declaration: components["schemas"]["DeclarationWire"] | null;
            /** Devices */
            devices: components["schemas"]["DeviceLive"][];
            /**
             * Elapsed S
             * @default 0
             */
            elapsed_s: number;
            /**
             * Faults
             * @default []
             */
            faults: components["schemas"]["Said"][];
            /**
             * Lane Id
             * @example north-quay-2
             */
            lane_id: string;
            /** @default null */
            limits: components["schemas"]["LimitsLive"] | null;
            /**
             * Pictures
             * @default []
             */
            pictures: components["schemas"]["PictureLive"][];
            /**
             * Prior
             * @default null
             */
            prior: number | null;
            /**
             * Probe In
             * @default false
             */
            probe_in: boolean;
            /**
             * Profiles
             * @default {}
             */
            profiles: {
                [key: string]: string[];
            };
            /**
             * Run
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            run: string;
            /**
             * Same Assessment
             * @default false
             */
            same_assessment: boolean;
            /**
             * Scan Id
             * @default
             */
            scan_id: string | "";
            /** Sequence */
            sequence: number;
            /**
             * Time Limit S
             * @default null
             */
            time_limit_s: number | null;
            /**
             * Traces
             * @default []
             */
            traces: components["schemas"]["TraceLive"][];
            /**
             * Untold
             * @default 0
             */
            untold: number;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /**
             * Visit
             * @default 0
             */
            visit: number;
            /**
             * Waiting
             * @default []
             */
            waiting: components["schemas"]["WaitingLive"][];
        };
        /**
         * Live
         * @description A lane at one moment. ``run`` names the lane's process, ``sequence`` rises within it.
         *
         *     ``prior`` is the assumed share of occupied lorries that the posterior starts from: of the declared risk
         *     profile, of the declared class where the lane's policy does not name it. ``profiles`` are those that the
         *     policy names, by class. ``limits`` are those of the lorry in the lane. ``assessed_utc_ms`` is the moment
         *     that ``assessment`` is of.
         */
        LiveInput: {
            /** Assessed Utc Ms */
            assessed_utc_ms?: number | null;
            assessment?: components["schemas"]["AssessmentWireInput"] | null;
            declaration?: components["schemas"]["DeclarationWireInput"] | null;
            /** Devices */
            devices: components["schemas"]["DeviceLiveInput"][];
            /**
             * Elapsed S
             * @default 0
             */
            elapsed_s: number;
            /**
             * Faults
             * @default []
             */
            faults: components["schemas"]["SaidInput"][];
            limits?: components["schemas"]["LimitsLive"] | null;
            /**
             * Pictures
             * @default []
             */
            pictures: components["schemas"]["PictureLiveInput"][];
            /** Prior */
            prior?: number | null;
            /**
             * Probe In
             * @default false
             */
            probe_in: boolean;
            /**
             * Profiles
             * @default {}
             */
            profiles: {
                [key: string]: string[];
            };
            /**
             * Run
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            run: string;
            /**
             * Scan Id
             * @default
             */
            scan_id: string | "";
            /** Sequence */
            sequence: number;
            /** Time Limit S */
            time_limit_s?: number | null;
            /**
             * Traces
             * @default []
             */
            traces: components["schemas"]["TraceLiveInput"][];
            /**
             * Untold
             * @default 0
             */
            untold: number;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /**
             * Visit
             * @default 0
             */
            visit: number;
            /**
             * Waiting
             * @default []
             */
            waiting: components["schemas"]["WaitingLiveInput"][];
        };
        /**
         * LoginRequest
         * @description Who wants to enter.
         */
        LoginRequest: {
            /** Name */
            name: string;
            /** Password */
            password: string;
        };
        /**
         * Me
         * @description Who is logged in.
         *
         *     ``locked``: alarms stay readable, acting needs the PIN or the password; by itself it locks at
         *     ``locks_utc_ms`` unless somebody acts before.
         */
        Me: {
            /**
             * Expires Utc Ms
             * @description milliseconds since 1970
             */
            expires_utc_ms: number;
            /**
             * Has Pin
             * @default false
             */
            has_pin: boolean;
            /**
             * Locked
             * @default false
             */
            locked: boolean;
            /**
             * Locks Utc Ms
             * @description milliseconds since 1970
             */
            locks_utc_ms: number;
            /** Name */
            name: string;
            /** Permissions */
            permissions: components["schemas"]["Permission"][];
            role: components["schemas"]["Role"];
        };
        /**
         * MessageAnswer
         * @description A message is on disk; ``new`` is false when it was there already.
         */
        MessageAnswer: {
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /** New */
            new: boolean;
        };
        /**
         * MethodTold
         * @description Methods together, at the threshold that at most 1 % of the empty scans exceed.
         */
        MethodTold: {
            detection: components["schemas"]["ShareTold"];
            false_alarms: components["schemas"]["ShareTold"];
            /** Methods */
            methods: string[];
        };
        /**
         * NoIndicationTold
         * @description Occupied scans that were told no-indication, with the one-sided 95 % bound ``upper``.
         */
        NoIndicationTold: {
            /** High */
            high: number;
            /** Hits */
            hits: number;
            /** Low */
            low: number;
            /** Of */
            of: number;
            /** Upper */
            upper: number;
            /** Value */
            value: number | null;
        };
        /**
         * OrderSent
         * @description An order on its way to the lane; ``command`` is its ULID, ``by`` the officer.
         */
        OrderSent: {
            /** By */
            by: string;
            /**
             * Command
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            command: string;
            /** Order */
            order: components["schemas"]["StartOrder"] | components["schemas"]["ProbeOrder"] | components["schemas"]["LeaveOrder"] | components["schemas"]["ReturnOrder"] | components["schemas"]["EndOrder"];
        };
        /**
         * Outcome
         * @description An outcome as recorded.
         */
        Outcome: {
            /** By */
            by: string;
            conditions: components["schemas"]["Conditions"] | null;
            kind: components["schemas"]["OutcomeKind"];
            /** Medical Help */
            medical_help: boolean;
            /** Note */
            note: string;
            /** People */
            people: number | null;
            /**
             * Safeguarding Reference
             * @default
             */
            safeguarding_reference: string;
            /**
             * Safeguarding Referral
             * @default false
             */
            safeguarding_referral: boolean;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
        };
        /**
         * OutcomeKind
         * @description What the search found.
         * @enum {string}
         */
        OutcomeKind: "people_found" | "nothing_found" | "not_searched";
        /**
         * OutcomeRequest
         * @description What an officer records; ``people`` with people found, ``note`` (the reason) with not searched.
         *
         *     ``conditions`` may come later, as a correction: nothing stands before recording that people were found.
         */
        OutcomeRequest: {
            conditions?: components["schemas"]["ConditionsInput"] | null;
            kind: components["schemas"]["OutcomeKind"];
            /**
             * Medical Help
             * @default false
             */
            medical_help: boolean;
            /**
             * Note
             * @default
             */
            note: string;
            /** People */
            people?: number | null;
            /**
             * Safeguarding Reference
             * @default
             */
            safeguarding_reference: string;
            /**
             * Safeguarding Referral
             * @default false
             */
            safeguarding_referral: boolean;
        };
        /**
         * OxygenNowWire
         * @description Mean oxygen inside, percent: 5, 50 and 95 % if people are inside.
         */
        OxygenNowWire: {
            /** High */
            high: number;
            /** Likely */
            likely: number;
            /** Low */
            low: number;
        };
        /**
         * PasswordRequest
         * @description One's own password, the old and the new.
         */
        PasswordRequest: {
            /** New */
            new: string;
            /** Old */
            old: string;
        };
        /**
         * Permission
         * @description One thing that a role may do.
         * @enum {string}
         */
        Permission: "command_lanes" | "handle_alerts" | "manage_accounts" | "manage_lanes" | "read_audit" | "disclose" | "erase";
        /**
         * PersonsWire
         * @description How many people, given that somebody is inside.
         */
        PersonsWire: {
            /** High */
            high: number;
            /** Likely */
            likely: number;
            /** Low */
            low: number;
        };
        /**
         * PictureLive
         * @description A picture that the lane has; its pixels travel apart as a grey PNG of 8 or 16 bits.
         *
         *     ``low`` is the value of grey 0 and ``high`` that of grey ``white``, in ``unit``. The three greys above
         *     ``white`` are no values: saturated, not penetrated, missing. ``pixel_mm`` is the height of a pixel and
         *     ``places_mm`` how far along the lorry evenly spread columns are, from the first column's middle to the
         *     last's; null and empty where nobody told. ``version`` changes with the picture; ``heat`` says that a
         *     second PNG, the heat map of the model, goes with it; ``passing`` says that the lorry is still passing
         *     and the picture grows; ``taken_utc_ms`` is when its last line or frame arrived.
         */
        PictureLive: {
            /**
             * Heat
             * @default false
             */
            heat: boolean;
            /** Height */
            height: number;
            /** High */
            high: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "thermal" | "xray";
            /** Low */
            low: number;
            /**
             * Passing
             * @default false
             */
            passing: boolean;
            /** Pixel Mm */
            pixel_mm: number | null;
            /**
             * Places Mm
             * @default []
             */
            places_mm: number[];
            /**
             * Scan Id
             * @default
             */
            scan_id: string;
            /** Sensor */
            sensor: string;
            /** Taken Utc Ms */
            taken_utc_ms: number | null;
            /** Unit */
            unit: string;
            /** Version */
            version: number;
            /**
             * White
             * @default 255
             */
            white: number;
            /** Width */
            width: number;
        };
        /**
         * PictureLive
         * @description A picture that the lane has; its pixels travel apart as a grey PNG of 8 or 16 bits.
         *
         *     ``low`` is the value of grey 0 and ``high`` that of grey ``white``, in ``unit``. The three greys above
         *     ``white`` are no values: saturated, not penetrated, missing. ``pixel_mm`` is the height of a pixel and
         *     ``places_mm`` how far along the lorry evenly spread columns are, from the first column's middle to the
         *     last's; null and empty where nobody told. ``version`` changes with the picture; ``heat`` says that a
         *     second PNG, the heat map of the model, goes with it; ``passing`` says that the lorry is still passing
         *     and the picture grows; ``taken_utc_ms`` is when its last line or frame arrived.
         */
        PictureLiveInput: {
            /**
             * Heat
             * @default false
             */
            heat: boolean;
            /** Height */
            height: number;
            /** High */
            high: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "thermal" | "xray";
            /** Low */
            low: number;
            /**
             * Passing
             * @default false
             */
            passing: boolean;
            /** Pixel Mm */
            pixel_mm?: number | null;
            /**
             * Places Mm
             * @default []
             */
            places_mm: number[];
            /**
             * Scan Id
             * @default
             */
            scan_id: string;
            /** Sensor */
            sensor: string;
            /** Taken Utc Ms */
            taken_utc_ms?: number | null;
            /** Unit */
            unit: string;
            /** Version */
            version: number;
            /**
             * White
             * @default 255
             */
            white: number;
            /** Width */
            width: number;
        };
        /**
         * PinRequest
         * @description A PIN to unlock with.
         */
        PinRequest: {
            /**
             * Pin
             * @example 4711
             */
            pin: string;
        };
        /**
         * PredictiveTold
         * @description What an alarm and silence mean where a share ``base_rate`` of the lorries hides somebody.
         *
         *     ``alarm_finds_low`` takes the bad ends of both intervals; null: nothing alarms.
         */
        PredictiveTold: {
            /** Alarm Finds */
            alarm_finds: number | null;
            /** Alarm Finds Low */
            alarm_finds_low: number | null;
            /** Base Rate */
            base_rate: number;
            /** Silent Hides */
            silent_hides: number | null;
            /** Silent Hides High */
            silent_hides_high: number | null;
        };
        /**
         * ProbeOrder
         * @description The CO2 probe's tip went in or came out.
         */
        ProbeOrder: {
            /** Inside */
            inside: boolean;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "probe";
        };
        /**
         * ProblemBody
         * @description An error, RFC 9457. ``code`` is stable: programs go by it; ``detail`` is for people.
         *
         *     ``errors`` comes with malformed requests, ``reasons`` when the service is not ready, ``id`` with
         *     failures of the service itself: its log has the same id.
         */
        ProblemBody: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors: components["schemas"]["FieldError"][] | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /** Instance */
            instance: string;
            /**
             * Reasons
             * @default null
             */
            reasons: string[] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /**
         * Proof
         * @description Entries with their proofs, and the checkpoint that they lead to.
         */
        Proof: {
            /** Checkpoint */
            checkpoint: string;
            /** Entries */
            entries: components["schemas"]["ProvedEntry"][];
        };
        /**
         * ProvedEntry
         * @description An entry, and the hashes (hex) that lead from its leaf to the root of the first ``size``.
         */
        ProvedEntry: {
            entry: components["schemas"]["StoredEntry"];
            /** Path */
            path: string[];
            /** Size */
            size: number;
        };
        /**
         * Queue
         * @description A lane's queue; ``scan_s`` is the median of its last ``measured_scans`` from opening to closing.
         *
         *     Null where nothing was measured yet. ``waiting_any_lane`` is the same for every lane, and is not in
         *     ``wait_s``.
         */
        Queue: {
            /** Lane Id */
            lane_id: string;
            /** Measured Scans */
            measured_scans: number;
            /** Scan S */
            scan_s: number | null;
            /** Scans Per Hour */
            scans_per_hour: number | null;
            /** Wait S */
            wait_s: number | null;
            /** Waiting */
            waiting: number;
            /** Waiting Any Lane */
            waiting_any_lane: number;
        };
        /**
         * Rates
         * @description The alarms of a lane, or of all, until now: each time an alert was raised, or raised again.
         *
         *     Average, peak, floods and shares are of the last 24 h. ``peak_10_min`` is the most within any 10 min;
         *     ``flood_share`` is how many of the 144 windows of 10 min had a flood, 0 to 1; ``shares`` is null
         *     without alarms. ``standing`` counts alerts that have been open for over 24 h, ``shelved`` those that
         *     are laid aside now.
         */
        Rates: {
            /** Average Per 10 Min */
            average_per_10_min: number;
            /** Flood Share */
            flood_share: number;
            /** Last 10 Min */
            last_10_min: number;
            /** Last Day */
            last_day: number;
            /** Last Hour */
            last_hour: number;
            /** Peak 10 Min */
            peak_10_min: number;
            shares: components["schemas"]["LevelShares"] | null;
            /** Shelved */
            shelved: number;
            /** Standing */
            standing: number;
        };
        /**
         * RatesTold
         * @description Detection and false alarms are search or rescue; workload is what would be opened of the empty ones.
         */
        RatesTold: {
            detection: components["schemas"]["ShareTold"];
            false_alarms: components["schemas"]["ShareTold"];
            no_indication: components["schemas"]["NoIndicationTold"];
            workload: components["schemas"]["ShareTold"];
        };
        /**
         * ReauthenticateRequest
         * @description One's own password.
         */
        ReauthenticateRequest: {
            /** Password */
            password: string;
        };
        /**
         * Recommendation
         * @description What an officer is advised. None of these clears a lorry: the officer does.
         * @enum {string}
         */
        Recommendation: "no-indication" | "search" | "rescue" | "inconclusive";
        /**
         * RecordingWire
         * @description A visit's recording as it lies on the lane's disk; ``whole`` is false where it was cut off.
         */
        RecordingWire: {
            /** Bytes */
            bytes: number;
            /** File */
            file: string;
            /** Sha256 */
            sha256: string;
            /** Whole */
            whole: boolean;
        };
        /**
         * Reset
         * @description The stream cannot go on from where the page was: fetch /api/v1/state again; the stream goes on.
         */
        Reset: Record<string, never>;
        /**
         * ReturnOrder
         * @description The lorry of an open scan is back.
         */
        ReturnOrder: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "return";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * Role
         * @description What somebody may do; see `service.permissions`.
         * @enum {string}
         */
        Role: "officer" | "supervisor" | "engineer" | "auditor";
        /**
         * Said
         * @description A reason as code, values and sentence in each language.
         */
        Said: {
            /** Code */
            code: string;
            /**
             * Text
             * @default {}
             */
            text: {
                [key: string]: string;
            };
            /**
             * Values
             * @default {}
             */
            values: {
                [key: string]: number | string;
            };
        };
        /**
         * Said
         * @description A reason as code, values and sentence in each language.
         */
        SaidInput: {
            /** Code */
            code: string;
            /**
             * Text
             * @default {}
             */
            text: {
                [key: string]: string;
            };
            /**
             * Values
             * @default {}
             */
            values: {
                [key: string]: number | string;
            };
        };
        /**
         * SameAsLane
         * @description Whether a lane runs what a report judged; null: one of both does not tell.
         */
        SameAsLane: {
            /** Calibrations */
            calibrations: boolean | null;
            /** Code */
            code: boolean | null;
            /** Lane Id */
            lane_id: string;
            /** Models */
            models: boolean | null;
            /** Policy */
            policy: boolean | null;
        };
        /**
         * Scan
         * @description A lorry's scan as the lane told it.
         *
         *     ``assessed_utc_ms`` is when the lane told of ``assessment``: minutes to danger count from then.
         */
        Scan: {
            /** Alert Id */
            alert_id: string | null;
            /** Assessed Utc Ms */
            assessed_utc_ms: number | null;
            assessment: components["schemas"]["AssessmentWire"] | null;
            /**
             * Closed By
             * @default
             */
            closed_by: string;
            /** Closed Utc Ms */
            closed_utc_ms: number | null;
            declaration: components["schemas"]["DeclarationWire"] | null;
            /** Final */
            final: boolean;
            /** Id */
            id: string;
            /** In Visit */
            in_visit: boolean;
            /**
             * Interrupted
             * @default false
             */
            interrupted: boolean;
            /** Lane Id */
            lane_id: string;
            /** Opened By */
            opened_by: string;
            /**
             * Opened Utc Ms
             * @description milliseconds since 1970
             */
            opened_utc_ms: number;
            recommendation: components["schemas"]["Recommendation"] | null;
            state: components["schemas"]["ScanState"];
            /** Version */
            version: number;
            /** Visits */
            visits: number;
        };
        /**
         * ScanClosed
         * @description An officer ended the scan.
         */
        ScanClosed: {
            /** By */
            by: string;
        };
        /**
         * ScanClosedMessage
         * @description See `ScanClosed`.
         */
        ScanClosedMessage: {
            body: components["schemas"]["ScanClosed"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "scan_closed";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * ScanOpened
         * @description A lorry was declared and its scan began.
         */
        ScanOpened: {
            /** By */
            by: string;
            declaration: components["schemas"]["DeclarationWireInput"];
        };
        /**
         * ScanOpenedMessage
         * @description See `ScanOpened`.
         */
        ScanOpenedMessage: {
            body: components["schemas"]["ScanOpened"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "scan_opened";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * ScanState
         * @description Whether a scan may still have visits.
         * @enum {string}
         */
        ScanState: "open" | "closed";
        /**
         * Scope
         * @description What a token may be used for.
         * @enum {string}
         */
        Scope: "messages" | "live" | "commands" | "vehicles";
        /**
         * SessionInfo
         * @description A session of an account; ``here`` is the one that asks.
         */
        SessionInfo: {
            /** Address */
            address: string;
            /**
             * Expires Utc Ms
             * @description milliseconds since 1970
             */
            expires_utc_ms: number;
            /**
             * Here
             * @default false
             */
            here: boolean;
            /** Id */
            id: string;
            /** Locked */
            locked: boolean;
            /**
             * Opened Utc Ms
             * @description milliseconds since 1970
             */
            opened_utc_ms: number;
            /**
             * Used Utc Ms
             * @description milliseconds since 1970
             */
            used_utc_ms: number;
        };
        /**
         * ShareTold
         * @description A share of scans with its 95 % interval; without any scan its value is null.
         */
        ShareTold: {
            /** High */
            high: number;
            /** Hits */
            hits: number;
            /** Low */
            low: number;
            /** Of */
            of: number;
            /** Value */
            value: number | null;
        };
        /**
         * ShelveRequest
         * @description For how long an alert is laid aside, and why.
         */
        ShelveRequest: {
            /** Minutes */
            minutes: number;
            /** Reason */
            reason: string;
        };
        /**
         * SignedCheckpoint
         * @description What the log is now, as a signed note, and the public key of the copy of the service that signed.
         */
        SignedCheckpoint: {
            /** Checkpoint */
            checkpoint: string;
            /** Key */
            key: string;
            /** Size */
            size: number;
        };
        /**
         * SoundCheck
         * @description A sound check as the audit log has it; the page keeps it, since the loudspeaker is the booth's.
         */
        SoundCheck: {
            /** By */
            by: string;
            /** Heard */
            heard: boolean;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
        };
        /**
         * SoundCheckRequest
         * @description Whether the officer heard the alarm at this booth.
         */
        SoundCheckRequest: {
            /** Heard */
            heard: boolean;
        };
        /**
         * StartOrder
         * @description Open a scan of the lorry that stands in the lane.
         */
        StartOrder: {
            declaration: components["schemas"]["DeclarationWire"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "start";
        };
        /**
         * StartOrder
         * @description Open a scan of the lorry that stands in the lane.
         */
        StartOrderInput: {
            declaration: components["schemas"]["DeclarationWireInput"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            name: "start";
        };
        /**
         * State
         * @description All that a page needs to begin; the stream goes on after ``sequence``.
         */
        State: {
            /** Alerts */
            alerts: components["schemas"]["Alert"][];
            /** Commands */
            commands: components["schemas"]["Command"][];
            /** Lanes */
            lanes: components["schemas"]["Lane"][];
            me: components["schemas"]["Me"];
            /** Run */
            run: string;
            /** Scans */
            scans: components["schemas"]["Scan"][];
            /** Sequence */
            sequence: number;
            /**
             * Utc Ms
             * @description milliseconds since 1970
             */
            utc_ms: number;
            /** Vehicles */
            vehicles: components["schemas"]["Vehicle"][];
            /** Version */
            version: string;
        };
        /**
         * StoredEntry
         * @description An entry as its leaf commits to it; without salt its personal part was erased. ``detail`` is JSON.
         */
        StoredEntry: {
            /** Action */
            action: string;
            /** Detail */
            detail: string;
            /** Personal Sha256 */
            personal_sha256: string;
            /** Salt */
            salt: string | null;
            /** Sequence */
            sequence: number;
            /** Subject */
            subject: string;
            /** Utc Ms */
            utc_ms: number;
            /** Who */
            who: string;
        };
        /**
         * TemperatureLevel
         * @description How dangerous the temperature in the load space is.
         * @enum {string}
         */
        TemperatureLevel: "unknown" | "none" | "watch" | "danger";
        /**
         * TemperatureRiskWire
         * @description Danger of cold or heat; minutes until it kills the least and the better protected, null = not told.
         */
        TemperatureRiskWire: {
            /**
             * Cold
             * @default false
             */
            cold: boolean;
            /** @default unknown */
            level: components["schemas"]["TemperatureLevel"];
            /** Minutes High */
            minutes_high: number | null;
            /** Minutes Low */
            minutes_low: number | null;
        };
        /**
         * TemperatureRiskWire
         * @description Danger of cold or heat; minutes until it kills the least and the better protected, null = not told.
         */
        TemperatureRiskWireInput: {
            /**
             * Cold
             * @default false
             */
            cold: boolean;
            /** @default unknown */
            level: components["schemas"]["TemperatureLevel"];
            /** Minutes High */
            minutes_high?: number | null;
            /** Minutes Low */
            minutes_low?: number | null;
        };
        /**
         * Timeline
         * @description A scan's visits, each on its own line of time.
         */
        Timeline: {
            /** Scan Id */
            scan_id: string;
            /** Visits */
            visits: components["schemas"]["TimelineVisit"][];
        };
        /**
         * TimelineBeats
         * @description When hearts beat, as the detector believes, and how sure it is of each beat, 0..1.
         */
        TimelineBeats: {
            /** Chance */
            chance: number[];
            /** Sensor */
            sensor: string;
            /** T S */
            t_s: number[];
        };
        /**
         * TimelineCourse
         * @description One method over time; ``llr`` is null where it had no answer.
         */
        TimelineCourse: {
            /** Llr */
            llr: (number | null)[];
            /** Modality */
            modality: string;
            /** State */
            state: components["schemas"]["EvidenceState"][];
            /** T S */
            t_s: number[];
        };
        /**
         * TimelineEvent
         * @description Something that happened; ``text`` says in each language what a fault lost, ``command`` the order.
         */
        TimelineEvent: {
            /**
             * By
             * @default
             */
            by: string;
            /**
             * Command
             * @default
             */
            command: string;
            /**
             * Final
             * @default false
             */
            final: boolean;
            kind: components["schemas"]["Happened"];
            recommendation: components["schemas"]["Recommendation"] | null;
            /**
             * Sensor
             * @default
             */
            sensor: string;
            /**
             * State
             * @default
             */
            state: string;
            /** T S */
            t_s: number;
            /** Text */
            text: {
                [key: string]: string;
            };
        };
        /**
         * TimelineFused
         * @description All ready evidence in one ratio over time, and the ratios at which the scan ends, null = not known.
         */
        TimelineFused: {
            /** Llr */
            llr: number[];
            /** No Indication Llr */
            no_indication_llr: number | null;
            /** Search Llr */
            search_llr: number | null;
            /** T S */
            t_s: number[];
        };
        /**
         * TimelinePicture
         * @description A picture, there from ``t_s`` on; its pixels are at ``replay/pictures/{sensor}?at=<version>``.
         */
        TimelinePicture: {
            picture: components["schemas"]["PictureLive"];
            /** T S */
            t_s: number;
        };
        /**
         * TimelineSensor
         * @description A sensor of the lane in this visit, and where it looks.
         */
        TimelineSensor: {
            /** Name */
            name: string;
            /** Role */
            role: string;
        };
        /**
         * TimelineStep
         * @description The whole assessment as it stood from ``t_s`` on, without its curves.
         */
        TimelineStep: {
            assessment: components["schemas"]["AssessmentWire"];
            /** T S */
            t_s: number;
        };
        /**
         * TimelineTrace
         * @description One curve: lowest and highest about each time; the three lists have the same length, times rise.
         *
         *     ``cancelled``: without what the past of all channels, the ground and the air foretell of it.
         */
        TimelineTrace: {
            /**
             * Cancelled
             * @default false
             */
            cancelled: boolean;
            /**
             * Channel
             * @default
             */
            channel: string;
            /** High */
            high: number[];
            /** Low */
            low: number[];
            /** Sensor */
            sensor: string;
            /** T S */
            t_s: number[];
            /** Unit */
            unit: string;
        };
        /**
         * TimelineVisit
         * @description One visit's recording.
         *
         *     ``whole`` is false where it was cut off: nothing is known of what came after ``duration_s``. ``as_told``
         *     says whether the file is the one whose hash the lane told at the time; null: it told none.
         *     ``assessed`` says where ``steps`` are from: the recording, or today's methods where it holds none.
         */
        TimelineVisit: {
            /** As Told */
            as_told: boolean | null;
            /**
             * Assessed
             * @enum {string}
             */
            assessed: "recorded" | "replayed" | "none";
            beats: components["schemas"]["TimelineBeats"] | null;
            /** Bytes */
            bytes: number;
            /** Courses */
            courses: components["schemas"]["TimelineCourse"][];
            /** Duration S */
            duration_s: number;
            /** Events */
            events: components["schemas"]["TimelineEvent"][];
            fused: components["schemas"]["TimelineFused"];
            /** Pictures */
            pictures: components["schemas"]["TimelinePicture"][];
            /** Sensors */
            sensors: components["schemas"]["TimelineSensor"][];
            /** Sha256 */
            sha256: string;
            /**
             * Started Utc Ms
             * @description milliseconds since 1970
             */
            started_utc_ms: number;
            /** Steps */
            steps: components["schemas"]["TimelineStep"][];
            /** Traces */
            traces: components["schemas"]["TimelineTrace"][];
            /** Visit */
            visit: number;
            /** Whole */
            whole: boolean;
        };
        /**
         * TokenInfo
         * @description A lane's or gate's token, without itself; ``expires_utc_ms`` null: it does not end by date.
         */
        TokenInfo: {
            /**
             * Created Utc Ms
             * @description milliseconds since 1970
             */
            created_utc_ms: number;
            /** Expires Utc Ms */
            expires_utc_ms: number | null;
            kind: components["schemas"]["TokenKind"];
            /** Owner */
            owner: string;
            /** Scopes */
            scopes: components["schemas"]["Scope"][];
            /** Used Utc Ms */
            used_utc_ms: number | null;
        };
        /**
         * TokenKind
         * @description Whose token it is.
         * @enum {string}
         */
        TokenKind: "lane" | "gate";
        /**
         * TokenRequest
         * @description What a new token is given: scopes (null: all of a lane's) and its end (null: none by date).
         */
        TokenRequest: {
            /** Expires Utc Ms */
            expires_utc_ms?: number | null;
            /** Scopes */
            scopes?: components["schemas"]["Scope"][] | null;
        };
        /**
         * TraceLive
         * @description New points of one curve: ``low`` and ``high`` are equal for a scalar, the envelope for a waveform.
         *
         *     The three lists have the same length; times rise. ``role`` is what a waveform's channel looks at, "" of
         *     scalars. ``cancelled``: of a chassis channel, without what the past of all channels, the ground and the
         *     air foretell of it.
         */
        TraceLive: {
            /**
             * Cancelled
             * @default false
             */
            cancelled: boolean;
            /**
             * Channel
             * @default
             */
            channel: string;
            /** High */
            high: number[];
            /** Low */
            low: number[];
            /**
             * Role
             * @default
             */
            role: string;
            /** Sensor */
            sensor: string;
            /** T Utc Ms */
            t_utc_ms: number[];
            /** Unit */
            unit: string;
        };
        /**
         * TraceLive
         * @description New points of one curve: ``low`` and ``high`` are equal for a scalar, the envelope for a waveform.
         *
         *     The three lists have the same length; times rise. ``role`` is what a waveform's channel looks at, "" of
         *     scalars. ``cancelled``: of a chassis channel, without what the past of all channels, the ground and the
         *     air foretell of it.
         */
        TraceLiveInput: {
            /**
             * Cancelled
             * @default false
             */
            cancelled: boolean;
            /**
             * Channel
             * @default
             */
            channel: string;
            /** High */
            high: number[];
            /** Low */
            low: number[];
            /**
             * Role
             * @default
             */
            role: string;
            /** Sensor */
            sensor: string;
            /** T Utc Ms */
            t_utc_ms: number[];
            /** Unit */
            unit: string;
        };
        /**
         * Trouble
         * @description One thing that is wrong.
         * @enum {string}
         */
        Trouble: "store_unavailable" | "disk_low" | "events_late" | "clock_stepped";
        /**
         * UnlockRequest
         * @description The PIN, or the password.
         */
        UnlockRequest: {
            /** Password */
            password?: string | null;
            /** Pin */
            pin?: string | null;
        };
        /**
         * User
         * @description An account.
         */
        User: {
            /**
             * Created Utc Ms
             * @description milliseconds since 1970
             */
            created_utc_ms: number;
            /** Disabled */
            disabled: boolean;
            /** Name */
            name: string;
            role: components["schemas"]["Role"];
        };
        /**
         * UserChange
         * @description What is to change of an account; each real change ends its sessions.
         */
        UserChange: {
            /** Disabled */
            disabled?: boolean | null;
            /** Password */
            password?: string | null;
            role?: components["schemas"]["Role"] | null;
        };
        /**
         * UserRequest
         * @description A new account.
         */
        UserRequest: {
            /**
             * Name
             * @example officer.north
             */
            name: string;
            /** Password */
            password: string;
            role: components["schemas"]["Role"];
        };
        /**
         * ValidationReport
         * @description A report. Without ``figures`` its results cannot be read: ``problem`` says why.
         *
         *     ``written_utc_ms`` is the time of its file; ``has_page``: there is a report.html to show.
         */
        ValidationReport: {
            about: components["schemas"]["AboutTold"];
            figures: components["schemas"]["Figures"] | null;
            /** Has Page */
            has_page: boolean;
            /** Name */
            name: string;
            /**
             * Problem
             * @default
             */
            problem: string;
            /** Same */
            same: components["schemas"]["SameAsLane"][];
            /**
             * Written Utc Ms
             * @description milliseconds since 1970
             */
            written_utc_ms: number;
        };
        /**
         * ValidationReports
         * @description All reports, the newest first, and what lanes run now; ``shipped``: of the product's own folder.
         */
        ValidationReports: {
            /** Lanes */
            lanes: components["schemas"]["LaneVersions"][];
            /** Reports */
            reports: components["schemas"]["ValidationReport"][];
            /** Shipped */
            shipped: boolean;
        };
        /**
         * Vehicle
         * @description A vehicle that a gate announced; ``id`` is the gate's key.
         */
        Vehicle: {
            cargo: components["schemas"]["CargoClass"];
            /** Closed Minutes */
            closed_minutes: number | null;
            /**
             * Expected Utc Ms
             * @description milliseconds since 1970
             */
            expected_utc_ms: number;
            /** Gate */
            gate: string;
            /** Id */
            id: string;
            /** Laden */
            laden: boolean;
            /** Lane Id */
            lane_id: string | null;
            /** Manifest */
            manifest: string;
            /** Plate */
            plate: string;
            /** Profile */
            profile: string;
            /** Scan Id */
            scan_id: string | null;
            state: components["schemas"]["VehicleState"];
            /**
             * Told Utc Ms
             * @description milliseconds since 1970
             */
            told_utc_ms: number;
            vehicle_class: components["schemas"]["VehicleClass"];
            /** Version */
            version: number;
        };
        /**
         * VehicleClass
         * @description Classes that thresholds and priors are kept for.
         * @enum {string}
         */
        VehicleClass: "reefer" | "tanker";
        /**
         * VehicleRequest
         * @description A vehicle on its way, as its manifest says; ``key`` is made by the gate, ``lane`` null: any.
         *
         *     ``start`` also orders its lane to begin the scan now, for a gate that stands at the lane itself.
         *     ``profile`` is a risk profile of the lane's policy; with one that it does not name the lorry is scanned
         *     as one of its class.
         */
        VehicleRequest: {
            cargo: components["schemas"]["CargoClass"];
            /** Closed Minutes */
            closed_minutes?: number | null;
            /** Expected Utc Ms */
            expected_utc_ms?: number | null;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Laden
             * @default true
             */
            laden: boolean;
            /** Lane */
            lane?: string | null;
            /**
             * Manifest
             * @default
             */
            manifest: string;
            /**
             * Plate
             * @example AB-123-CD
             */
            plate: string;
            /**
             * Profile
             * @default
             */
            profile: string;
            /**
             * Start
             * @default false
             */
            start: boolean;
            vehicle_class: components["schemas"]["VehicleClass"];
        };
        /**
         * VehicleState
         * @description Where an announced vehicle is.
         * @enum {string}
         */
        VehicleState: "expected" | "scanning" | "done" | "gone";
        /**
         * VisitEnded
         * @description A visit is over: decided, left, ended by an officer, or the lane stopped.
         */
        VisitEnded: {
            assessment: components["schemas"]["AssessmentWireInput"];
            recording?: components["schemas"]["RecordingWire"] | null;
            /** Visit */
            visit: number;
            /** Why */
            why: string;
        };
        /**
         * VisitEndedMessage
         * @description See `VisitEnded`.
         */
        VisitEndedMessage: {
            body: components["schemas"]["VisitEnded"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "visit_ended";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * VisitInterrupted
         * @description A visit was cut off by a crash or a power cut.
         */
        VisitInterrupted: {
            recording?: components["schemas"]["RecordingWire"] | null;
            /** Visit */
            visit: number;
            /** Why */
            why: string;
        };
        /**
         * VisitInterruptedMessage
         * @description See `VisitInterrupted`.
         */
        VisitInterruptedMessage: {
            body: components["schemas"]["VisitInterrupted"];
            /** Created Utc Ns */
            created_utc_ns: number;
            /**
             * Key
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            key: string;
            /**
             * Kind
             * @constant
             */
            kind: "visit_interrupted";
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
        };
        /**
         * WaitingLive
         * @description An open scan whose lorry is not in the lane.
         */
        WaitingLive: {
            /**
             * Plate
             * @default
             */
            plate: string;
            recommendation: components["schemas"]["Recommendation"] | null;
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
            /** Second Dip Due Utc Ms */
            second_dip_due_utc_ms: number | null;
            /** Visits */
            visits: number;
        };
        /**
         * WaitingLive
         * @description An open scan whose lorry is not in the lane.
         */
        WaitingLiveInput: {
            /**
             * Plate
             * @default
             */
            plate: string;
            recommendation?: components["schemas"]["Recommendation"] | null;
            /**
             * Scan Id
             * @example 01JD8Z6W8S4N0T7K3Q5V9X2B1C
             */
            scan_id: string;
            /** Second Dip Due Utc Ms */
            second_dip_due_utc_ms?: number | null;
            /** Visits */
            visits: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
