// Written by scripts/generate-client.mjs from /openapi.json.
export interface paths {
    "/api/advancedhunting/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run a hunting query, written in KQL; the answer says what it took. */
        post: operations["advancedhunting.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/advancedqueries/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run a hunting query, written in KQL. */
        post: operations["advancedqueries.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List alerts of the devices the caller may see. */
        get: operations["alerts.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert with its evidence. */
        get: operations["alerts.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change the status, owner, classification or determination of an alert, or comment on it. */
        patch: operations["alerts.update"];
        trace?: never;
    };
    "/api/alerts/batchUpdate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make one change to many alerts, to all of them or to none. */
        post: operations["alerts.batchUpdate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/domains/{id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts that name a domain. */
        get: operations["domains.alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/domains/{id}/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices that connected to a domain, the last 500. */
        get: operations["domains.machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/domains/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How common a domain is on the devices the caller may see. */
        get: operations["domains.stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file that devices saw, by hash. */
        get: operations["files.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts that name a file. */
        get: operations["files.alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices that saw a file. */
        get: operations["files.machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How common a file is on the devices the caller may see. */
        get: operations["files.stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List incidents, each with its alerts. */
        get: operations["incidents.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One incident with its alerts. */
        get: operations["incidents.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change the status, owner, verdict or tags of an incident, or comment on it. */
        patch: operations["incidents.update"];
        trace?: never;
    };
    "/api/indicators": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List active indicators: all of them, or those the program made. */
        get: operations["indicators.list"];
        put?: never;
        /** Submit an indicator, or change the one of the same type and value. */
        post: operations["indicators.submit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/indicators/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One active indicator. */
        get: operations["indicators.get"];
        put?: never;
        post?: never;
        /** Delete an indicator. */
        delete: operations["indicators.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ips/{id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts that name an address. */
        get: operations["ips.alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ips/{id}/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices that connected to an address. */
        get: operations["ips.machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ips/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How common an address is on the devices the caller may see. */
        get: operations["ips.stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machineactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List machine actions, newest first. */
        get: operations["machineactions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machineactions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One machine action. */
        get: operations["machineactions.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machineactions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a machine action that its device has not begun, or break off a long one. */
        post: operations["machineactions.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machineactions/{id}/getPackageUri": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A link to the investigation package that an action collected. */
        get: operations["machineactions.packageUri"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machinegroups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the device groups whose devices the caller may see, as the preview of the service did. */
        get: operations["machinegroups.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices the caller may see. */
        get: operations["machines.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One device, by id or computer name. */
        get: operations["machines.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Replace the tags of a device, or say what it is worth. */
        patch: operations["machines.update"];
        trace?: never;
    };
    "/api/machines/{id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts of one device. */
        get: operations["machines.alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/collectInvestigationPackage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Collect what an investigation of a device needs, as a zip. */
        post: operations["machines.collectInvestigationPackage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/isolate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cut a device off from the network; it keeps its line to Merlon. */
        post: operations["machines.isolate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/logonusers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the accounts that signed in to one device, with their times on it. */
        get: operations["machines.logonusers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/offboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Offboard a device: it stops reporting and takes no more orders. */
        post: operations["machines.offboard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/restoreQuarantinedFile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a quarantined file back where it was on a device. */
        post: operations["machines.restoreQuarantinedFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/restrictCodeExecution": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let only programs of the system itself start on a device. */
        post: operations["machines.restrictCodeExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/runAntiVirusScan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Scan a device for malware. */
        post: operations["machines.runAntiVirusScan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/software": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the software of a device. */
        get: operations["machines.software"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/StopAndQuarantineFile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End every process of a file on a device and put the file away. */
        post: operations["machines.stopAndQuarantineFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a device a tag, or take one away. */
        post: operations["machines.tags"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/unisolate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Release a device from isolation. */
        post: operations["machines.unisolate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{id}/unrestrictCodeExecution": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let every program start again on a device. */
        post: operations["machines.unrestrictCodeExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machine actions and console sessions that wait for approval, oldest first. */
        get: operations["approvals.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/approvals/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve a machine action that somebody else ordered, or his console session; the order leaves. */
        post: operations["approvals.approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/approvals/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reject a machine action or a console session that waits for approval; it ends as cancelled. */
        post: operations["approvals.reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the audit trail, newest first. */
        get: operations["audit.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What changes, as it changes: ids of alerts, incidents, machine actions and devices, as server-sent events. */
        get: operations["events.watch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/hunting/budget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's quotas: what is used, what is left, and when they begin anew. */
        get: operations["huntingBudget.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/hunting/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Saved queries, own and shared ones, without their text. */
        get: operations["huntingQueries.list"];
        put?: never;
        /** Save a query, for oneself or for everyone of the tenant. */
        post: operations["huntingQueries.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/hunting/queries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A saved query. */
        get: operations["huntingQueries.get"];
        put?: never;
        post?: never;
        /** Remove a saved query. */
        delete: operations["huntingQueries.remove"];
        options?: never;
        head?: never;
        /** Change, rename, move, share or take back a saved query; what is left out stays. */
        patch: operations["huntingQueries.update"];
        trace?: never;
    };
    "/api/merlon/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tenants that ask the caller to act in them, or in which he may act. */
        get: operations["invitation.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/liveresponse/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List console sessions, newest first. */
        get: operations["liveresponse.list"];
        put?: never;
        /** Begin a console session on a device. */
        post: operations["liveresponse.start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/liveresponse/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One console session. */
        get: operations["liveresponse.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/liveresponse/sessions/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a console session. */
        post: operations["liveresponse.close"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/liveresponse/sessions/{id}/results/{command}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A link to the file that a command of a console session handed in. */
        get: operations["liveresponse.result"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/liveresponse/sessions/{id}/ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A ticket that opens the console of a session, once and within a minute. */
        post: operations["liveresponse.ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/machineactions/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give one order to many devices; the answer tells of each. */
        post: operations["machines.bulkOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/merlon/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who the caller is and what it may do. */
        get: operations["me.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An account that signed in to devices the caller may see. */
        get: operations["users.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts that name an account. */
        get: operations["users.alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices an account signed in to. */
        get: operations["users.machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "advancedhunting.run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Query: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        Results: {
                            [key: string]: unknown;
                        }[];
                        Schema: {
                            Name: string;
                            /** @enum {string} */
                            Type: "SByte" | "DateTime" | "SqlDecimal" | "Object" | "Guid" | "Int32" | "Int64" | "Double" | "String" | "TimeSpan";
                        }[];
                        Stats: {
                            dataset_statistics: {
                                table_row_count: number;
                                table_size: number;
                            }[];
                            ExecutionTime: number;
                            resource_usage: {
                                cache: {
                                    disk: {
                                        hits: number;
                                        misses: number;
                                        total: number;
                                    };
                                    memory: {
                                        hits: number;
                                        misses: number;
                                        total: number;
                                    };
                                };
                                memory: {
                                    peak_per_node: number;
                                };
                            };
                        };
                    };
                };
            };
        };
    };
    "advancedqueries.run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Query: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        Results: {
                            [key: string]: unknown;
                        }[];
                        Schema: {
                            Name: string;
                            /** @enum {string} */
                            Type: "SByte" | "DateTime" | "SqlDecimal" | "Object" | "Guid" | "Int32" | "Int64" | "Double" | "String" | "TimeSpan";
                        }[];
                    };
                };
            };
        };
    };
    "alerts.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "alerts.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        aadTenantId: string;
                        /** Format: date-time */
                        alertCreationTime: string | null;
                        assignedTo: string | null;
                        category: string;
                        /** @enum {string|null} */
                        classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                        comments: {
                            comment: string;
                            createdBy: string;
                            /** Format: date-time */
                            createdTime: string;
                        }[];
                        computerDnsName: string | null;
                        description: string;
                        detectionSource: string;
                        detectorId: string | null;
                        /** @enum {string|null} */
                        determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                        evidence: {
                            aadUserId: string | null;
                            accountName: string | null;
                            detectionStatus: string | null;
                            domainName: string | null;
                            /** @enum {string} */
                            entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                            /** Format: date-time */
                            evidenceCreationTime: string | null;
                            fileName: string | null;
                            filePath: string | null;
                            ipAddress: string | null;
                            /** Format: date-time */
                            parentProcessCreationTime: string | null;
                            parentProcessFileName: string | null;
                            parentProcessFilePath: string | null;
                            parentProcessId: number | null;
                            processCommandLine: string | null;
                            /** Format: date-time */
                            processCreationTime: string | null;
                            processId: number | null;
                            registryHive: string | null;
                            registryKey: string | null;
                            registryValue: string | null;
                            registryValueName: string | null;
                            registryValueType: string | null;
                            sha1: string | null;
                            sha256: string | null;
                            url: string | null;
                            userPrincipalName: string | null;
                            userSid: string | null;
                        }[];
                        /** Format: date-time */
                        firstEventTime: string | null;
                        id: string;
                        incidentId: number | null;
                        investigationId: number | null;
                        /** @enum {string|null} */
                        investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                        /** Format: date-time */
                        lastEventTime: string | null;
                        /** Format: date-time */
                        lastUpdateTime: string | null;
                        loggedOnUsers: {
                            accountName: string;
                            domainName: string;
                        }[] | null;
                        machineId: string | null;
                        mitreTechniques: string[];
                        rbacGroupName: string | null;
                        recommendedAction: string | null;
                        relatedUser: {
                            domainName: string;
                            userName: string;
                        } | null;
                        /** Format: date-time */
                        resolvedTime: string | null;
                        /** @enum {string} */
                        severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                        /** @enum {string} */
                        status: "Unknown" | "New" | "InProgress" | "Resolved";
                        threatFamilyName: string | null;
                        threatName: string | null;
                        title: string;
                    };
                };
            };
        };
    };
    "alerts.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    assignedTo?: string;
                    /** @enum {string} */
                    classification?: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | "Unknown";
                    comment?: string;
                    /** @enum {string} */
                    determination?: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | "NotAvailable" | "NotMalicious" | "ConfirmedActivity";
                    /** @enum {string} */
                    status?: "New" | "InProgress" | "Resolved";
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        aadTenantId: string;
                        /** Format: date-time */
                        alertCreationTime: string | null;
                        assignedTo: string | null;
                        category: string;
                        /** @enum {string|null} */
                        classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                        comments: {
                            comment: string;
                            createdBy: string;
                            /** Format: date-time */
                            createdTime: string;
                        }[];
                        computerDnsName: string | null;
                        description: string;
                        detectionSource: string;
                        detectorId: string | null;
                        /** @enum {string|null} */
                        determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                        evidence: {
                            aadUserId: string | null;
                            accountName: string | null;
                            detectionStatus: string | null;
                            domainName: string | null;
                            /** @enum {string} */
                            entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                            /** Format: date-time */
                            evidenceCreationTime: string | null;
                            fileName: string | null;
                            filePath: string | null;
                            ipAddress: string | null;
                            /** Format: date-time */
                            parentProcessCreationTime: string | null;
                            parentProcessFileName: string | null;
                            parentProcessFilePath: string | null;
                            parentProcessId: number | null;
                            processCommandLine: string | null;
                            /** Format: date-time */
                            processCreationTime: string | null;
                            processId: number | null;
                            registryHive: string | null;
                            registryKey: string | null;
                            registryValue: string | null;
                            registryValueName: string | null;
                            registryValueType: string | null;
                            sha1: string | null;
                            sha256: string | null;
                            url: string | null;
                            userPrincipalName: string | null;
                            userSid: string | null;
                        }[];
                        /** Format: date-time */
                        firstEventTime: string | null;
                        id: string;
                        incidentId: number | null;
                        investigationId: number | null;
                        /** @enum {string|null} */
                        investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                        /** Format: date-time */
                        lastEventTime: string | null;
                        /** Format: date-time */
                        lastUpdateTime: string | null;
                        loggedOnUsers: {
                            accountName: string;
                            domainName: string;
                        }[] | null;
                        machineId: string | null;
                        mitreTechniques: string[];
                        rbacGroupName: string | null;
                        recommendedAction: string | null;
                        relatedUser: {
                            domainName: string;
                            userName: string;
                        } | null;
                        /** Format: date-time */
                        resolvedTime: string | null;
                        /** @enum {string} */
                        severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                        /** @enum {string} */
                        status: "Unknown" | "New" | "InProgress" | "Resolved";
                        threatFamilyName: string | null;
                        threatName: string | null;
                        title: string;
                    };
                };
            };
        };
    };
    "alerts.batchUpdate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    alertIds: string[];
                    assignedTo?: string;
                    /** @enum {string} */
                    classification?: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | "Unknown";
                    comment?: string;
                    /** @enum {string} */
                    determination?: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | "NotAvailable" | "NotMalicious" | "ConfirmedActivity";
                    /** @enum {string} */
                    status?: "New" | "InProgress" | "Resolved";
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": null;
                };
            };
        };
    };
    "domains.alerts": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "domains.machines": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadDeviceId: string | null;
                            agentVersion: string | null;
                            computerDnsName: string | null;
                            defenderAvStatus: string | null;
                            /** @enum {string|null} */
                            deviceValue: "Normal" | "Low" | "High" | null;
                            exclusionReason: string | null;
                            /** @enum {string|null} */
                            exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                            /** @enum {string|null} */
                            exposureScore: "None" | "Low" | "Medium" | "High" | null;
                            /** Format: date-time */
                            firstSeen: string;
                            groupName: string | null;
                            /** @enum {string} */
                            healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                            id: string;
                            ipAddresses: {
                                ipAddress: string;
                                macAddress: string | null;
                                operationalStatus: string | null;
                                type: string | null;
                            }[] | null;
                            isAadJoined: boolean | null;
                            isExcluded: boolean;
                            isPotentialDuplication: boolean;
                            lastExternalIpAddress: string | null;
                            lastIpAddress: string | null;
                            /** Format: date-time */
                            lastSeen: string;
                            machineTags: string[];
                            managedBy: string | null;
                            managedByStatus: string | null;
                            mergedIntoMachineId: string | null;
                            /** @enum {string} */
                            onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                            /** @enum {string|null} */
                            osArchitecture: "32-bit" | "64-bit" | null;
                            osBuild: number | null;
                            osPlatform: string;
                            osProcessor: string | null;
                            osVersion: string | null;
                            parentDevice: string | null;
                            rbacGroupId: number | null;
                            rbacGroupName: string | null;
                            /** @enum {string|null} */
                            riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                            systemProductName: string | null;
                            version: string | null;
                            vmMetadata: {
                                cloudProvider: string;
                                resourceId: string | null;
                                subscriptionId: string | null;
                                vmId: string | null;
                            } | null;
                        }[];
                    };
                };
            };
        };
    };
    "domains.stats": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        host: string;
                        organizationPrevalence: number;
                        /** Format: date-time */
                        orgFirstSeen: string | null;
                        /** Format: date-time */
                        orgLastSeen: string | null;
                        orgPrevalence: string;
                    };
                };
            };
        };
    };
    "files.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        determinationType: string;
                        determinationValue: string | null;
                        fileProductName: string | null;
                        filePublisher: string | null;
                        fileType: string | null;
                        /** Format: date-time */
                        globalFirstObserved: string | null;
                        /** Format: date-time */
                        globalLastObserved: string | null;
                        globalPrevalence: number | null;
                        isPeFile: boolean;
                        issuer: string | null;
                        isValidCertificate: boolean | null;
                        md5: string | null;
                        sha1: string | null;
                        sha256: string | null;
                        signer: string | null;
                        signerHash: string | null;
                        size: number | null;
                    };
                };
            };
        };
    };
    "files.alerts": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "files.machines": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadDeviceId: string | null;
                            agentVersion: string | null;
                            computerDnsName: string | null;
                            defenderAvStatus: string | null;
                            /** @enum {string|null} */
                            deviceValue: "Normal" | "Low" | "High" | null;
                            exclusionReason: string | null;
                            /** @enum {string|null} */
                            exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                            /** @enum {string|null} */
                            exposureScore: "None" | "Low" | "Medium" | "High" | null;
                            /** Format: date-time */
                            firstSeen: string;
                            groupName: string | null;
                            /** @enum {string} */
                            healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                            id: string;
                            ipAddresses: {
                                ipAddress: string;
                                macAddress: string | null;
                                operationalStatus: string | null;
                                type: string | null;
                            }[] | null;
                            isAadJoined: boolean | null;
                            isExcluded: boolean;
                            isPotentialDuplication: boolean;
                            lastExternalIpAddress: string | null;
                            lastIpAddress: string | null;
                            /** Format: date-time */
                            lastSeen: string;
                            machineTags: string[];
                            managedBy: string | null;
                            managedByStatus: string | null;
                            mergedIntoMachineId: string | null;
                            /** @enum {string} */
                            onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                            /** @enum {string|null} */
                            osArchitecture: "32-bit" | "64-bit" | null;
                            osBuild: number | null;
                            osPlatform: string;
                            osProcessor: string | null;
                            osVersion: string | null;
                            parentDevice: string | null;
                            rbacGroupId: number | null;
                            rbacGroupName: string | null;
                            /** @enum {string|null} */
                            riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                            systemProductName: string | null;
                            version: string | null;
                            vmMetadata: {
                                cloudProvider: string;
                                resourceId: string | null;
                                subscriptionId: string | null;
                                vmId: string | null;
                            } | null;
                        }[];
                    };
                };
            };
        };
    };
    "files.stats": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        /** Format: date-time */
                        globalFirstObserved: string | null;
                        /** Format: date-time */
                        globalLastObserved: string | null;
                        globallyPrevalence: number | null;
                        globalPrevalence: string | null;
                        organizationPrevalence: number;
                        /** Format: date-time */
                        orgFirstSeen: string | null;
                        /** Format: date-time */
                        orgLastSeen: string | null;
                        orgPrevalence: string;
                        sha1: string;
                        topFileNames: string[];
                    };
                };
            };
        };
    };
    "incidents.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            alerts: {
                                actorName: string | null;
                                alertId: string;
                                assignedTo: string | null;
                                category: string;
                                /** @enum {string|null} */
                                classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                                /** Format: date-time */
                                creationTime: string;
                                description: string;
                                detectionSource: string;
                                detectorId: string | null;
                                /** @enum {string|null} */
                                determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                                devices: {
                                    aadDeviceId: string | null;
                                    defenderAvStatus: string | null;
                                    deviceDnsName: string | null;
                                    /** Format: date-time */
                                    firstSeen: string | null;
                                    /** @enum {string|null} */
                                    healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown" | null;
                                    loggedOnUsers: {
                                        accountName: string;
                                        domainName: string;
                                    }[];
                                    mdatpDeviceId: string;
                                    /** @enum {string|null} */
                                    onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo" | null;
                                    osBuild: number | null;
                                    osPlatform: string | null;
                                    osProcessor: string | null;
                                    rbacGroupId: number | null;
                                    rbacGroupName: string | null;
                                    /** @enum {string|null} */
                                    riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                                    tags: string[];
                                    version: string | null;
                                }[];
                                entities: {
                                    aadUserId: string | null;
                                    accountName: string | null;
                                    detectionStatus: string | null;
                                    domainName: string | null;
                                    /** @enum {string} */
                                    entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                    /** Format: date-time */
                                    evidenceCreationTime: string | null;
                                    fileName: string | null;
                                    filePath: string | null;
                                    ipAddress: string | null;
                                    /** Format: date-time */
                                    parentProcessCreationTime: string | null;
                                    parentProcessFileName: string | null;
                                    parentProcessFilePath: string | null;
                                    parentProcessId: number | null;
                                    processCommandLine: string | null;
                                    /** Format: date-time */
                                    processCreationTime: string | null;
                                    processId: number | null;
                                    registryHive: string | null;
                                    registryKey: string | null;
                                    registryValue: string | null;
                                    registryValueName: string | null;
                                    registryValueType: string | null;
                                    sha1: string | null;
                                    sha256: string | null;
                                    url: string | null;
                                    userPrincipalName: string | null;
                                    userSid: string | null;
                                }[];
                                /** Format: date-time */
                                firstActivity: string;
                                incidentId: number;
                                investigationId: number | null;
                                /** @enum {string|null} */
                                investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                                /** Format: date-time */
                                lastActivity: string;
                                /** Format: date-time */
                                lastUpdatedTime: string;
                                linkReasons: string[];
                                mitreTechniques: string[];
                                providerAlertId: string;
                                /** Format: date-time */
                                resolvedTime: string | null;
                                serviceSource: string;
                                /** @enum {string} */
                                severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                                /** @enum {string} */
                                status: "Unknown" | "New" | "InProgress" | "Resolved";
                                threatFamilyName: string | null;
                                title: string;
                            }[];
                            assignedTo: string | null;
                            /** @enum {string} */
                            classification: "Unknown" | "TruePositive" | "InformationalExpectedActivity" | "FalsePositive";
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            /** Format: date-time */
                            createdTime: string;
                            /** @enum {string} */
                            determination: "NotAvailable" | "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other";
                            incidentId: number;
                            incidentName: string;
                            incidentUri: string;
                            /** Format: date-time */
                            lastUpdateTime: string;
                            redirectIncidentId: number | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Active" | "InProgress" | "Resolved" | "Redirected";
                            tags: string[];
                        }[];
                    };
                };
            };
        };
    };
    "incidents.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        alerts: {
                            actorName: string | null;
                            alertId: string;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            /** Format: date-time */
                            creationTime: string;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            devices: {
                                aadDeviceId: string | null;
                                defenderAvStatus: string | null;
                                deviceDnsName: string | null;
                                /** Format: date-time */
                                firstSeen: string | null;
                                /** @enum {string|null} */
                                healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown" | null;
                                loggedOnUsers: {
                                    accountName: string;
                                    domainName: string;
                                }[];
                                mdatpDeviceId: string;
                                /** @enum {string|null} */
                                onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo" | null;
                                osBuild: number | null;
                                osPlatform: string | null;
                                osProcessor: string | null;
                                rbacGroupId: number | null;
                                rbacGroupName: string | null;
                                /** @enum {string|null} */
                                riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                                tags: string[];
                                version: string | null;
                            }[];
                            entities: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstActivity: string;
                            incidentId: number;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastActivity: string;
                            /** Format: date-time */
                            lastUpdatedTime: string;
                            linkReasons: string[];
                            mitreTechniques: string[];
                            providerAlertId: string;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            serviceSource: string;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            title: string;
                        }[];
                        assignedTo: string | null;
                        /** @enum {string} */
                        classification: "Unknown" | "TruePositive" | "InformationalExpectedActivity" | "FalsePositive";
                        comments: {
                            comment: string;
                            createdBy: string;
                            /** Format: date-time */
                            createdTime: string;
                        }[];
                        /** Format: date-time */
                        createdTime: string;
                        /** @enum {string} */
                        determination: "NotAvailable" | "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other";
                        incidentId: number;
                        incidentName: string;
                        incidentUri: string;
                        /** Format: date-time */
                        lastUpdateTime: string;
                        redirectIncidentId: number | null;
                        /** @enum {string} */
                        severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                        /** @enum {string} */
                        status: "Active" | "InProgress" | "Resolved" | "Redirected";
                        tags: string[];
                    };
                };
            };
        };
    };
    "incidents.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    assignedTo?: string;
                    /** @enum {string} */
                    classification?: "Unknown" | "TruePositive" | "InformationalExpectedActivity" | "FalsePositive";
                    comment?: string;
                    /** @enum {string} */
                    determination?: "NotAvailable" | "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other";
                    /** @enum {string} */
                    status?: "Active" | "InProgress" | "Resolved";
                    tags?: string[];
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        alerts: {
                            actorName: string | null;
                            alertId: string;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            /** Format: date-time */
                            creationTime: string;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            devices: {
                                aadDeviceId: string | null;
                                defenderAvStatus: string | null;
                                deviceDnsName: string | null;
                                /** Format: date-time */
                                firstSeen: string | null;
                                /** @enum {string|null} */
                                healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown" | null;
                                loggedOnUsers: {
                                    accountName: string;
                                    domainName: string;
                                }[];
                                mdatpDeviceId: string;
                                /** @enum {string|null} */
                                onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo" | null;
                                osBuild: number | null;
                                osPlatform: string | null;
                                osProcessor: string | null;
                                rbacGroupId: number | null;
                                rbacGroupName: string | null;
                                /** @enum {string|null} */
                                riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                                tags: string[];
                                version: string | null;
                            }[];
                            entities: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstActivity: string;
                            incidentId: number;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastActivity: string;
                            /** Format: date-time */
                            lastUpdatedTime: string;
                            linkReasons: string[];
                            mitreTechniques: string[];
                            providerAlertId: string;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            serviceSource: string;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            title: string;
                        }[];
                        assignedTo: string | null;
                        /** @enum {string} */
                        classification: "Unknown" | "TruePositive" | "InformationalExpectedActivity" | "FalsePositive";
                        comments: {
                            comment: string;
                            createdBy: string;
                            /** Format: date-time */
                            createdTime: string;
                        }[];
                        /** Format: date-time */
                        createdTime: string;
                        /** @enum {string} */
                        determination: "NotAvailable" | "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other";
                        incidentId: number;
                        incidentName: string;
                        incidentUri: string;
                        /** Format: date-time */
                        lastUpdateTime: string;
                        redirectIncidentId: number | null;
                        /** @enum {string} */
                        severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                        /** @enum {string} */
                        status: "Active" | "InProgress" | "Resolved" | "Redirected";
                        tags: string[];
                    };
                };
            };
        };
    };
    "indicators.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            /** @enum {string} */
                            action: "Warn" | "Block" | "Audit" | "Alert" | "AlertAndBlock" | "BlockAndRemediate" | "Allowed";
                            additionalInfo: string | null;
                            application: string | null;
                            bypassDurationHours: number | null;
                            category: number | null;
                            certificateInfo: {
                                issuer: string;
                                serial: string;
                                sha256: string;
                                subject: string;
                            } | null;
                            createdBy: string;
                            createdByDisplayName: string | null;
                            createdBySource: string | null;
                            /** Format: date-time */
                            creationTimeDateTimeUtc: string;
                            description: string | null;
                            educateUrl: string | null;
                            /** Format: date-time */
                            expirationTime: string | null;
                            externalId: string | null;
                            generateAlert: boolean;
                            historicalDetection: boolean;
                            id: string;
                            /** @enum {string} */
                            indicatorType: "FileSha1" | "FileSha256" | "FileMd5" | "CertificateThumbprint" | "IpAddress" | "DomainName" | "Url";
                            indicatorValue: string;
                            lastUpdatedBy: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            lookBackPeriod: string | null;
                            notificationBody: string | null;
                            notificationId: string | null;
                            rbacGroupIds: string[];
                            rbacGroupNames: string[];
                            recommendedActions: string | null;
                            /** @enum {string|null} */
                            severity: "Informational" | "Low" | "Medium" | "High" | null;
                            source: string | null;
                            /** @enum {string|null} */
                            sourceType: "User" | "AadApp" | null;
                            title: string;
                            version: string | null;
                        }[];
                    };
                };
            };
        };
    };
    "indicators.submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    action: string;
                    additionalInfo?: unknown;
                    application?: string | null;
                    bypassDurationHours?: unknown;
                    category?: unknown;
                    certificateInfo?: unknown;
                    createdBy?: unknown;
                    createdByDisplayName?: unknown;
                    createdBySource?: unknown;
                    creationTimeDateTimeUtc?: unknown;
                    description: string;
                    educateUrl?: string | null;
                    expirationTime?: string | null;
                    externalId?: string | null;
                    generateAlert?: boolean | string | null;
                    historicalDetection?: boolean | null;
                    id?: unknown;
                    indicatorType: string;
                    indicatorValue: string;
                    lastUpdatedBy?: unknown;
                    lastUpdateTime?: unknown;
                    lookBackPeriod?: string | null;
                    notificationBody?: unknown;
                    notificationId?: unknown;
                    rbacGroupIds?: (string | number)[] | null;
                    rbacGroupNames?: string[] | string | null;
                    recommendedActions?: string | null;
                    severity?: string | null;
                    source?: unknown;
                    sourceType?: unknown;
                    title: string;
                    version?: unknown;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        /** @enum {string} */
                        action: "Warn" | "Block" | "Audit" | "Alert" | "AlertAndBlock" | "BlockAndRemediate" | "Allowed";
                        additionalInfo: string | null;
                        application: string | null;
                        bypassDurationHours: number | null;
                        category: number | null;
                        certificateInfo: {
                            issuer: string;
                            serial: string;
                            sha256: string;
                            subject: string;
                        } | null;
                        createdBy: string;
                        createdByDisplayName: string | null;
                        createdBySource: string | null;
                        /** Format: date-time */
                        creationTimeDateTimeUtc: string;
                        description: string | null;
                        educateUrl: string | null;
                        /** Format: date-time */
                        expirationTime: string | null;
                        externalId: string | null;
                        generateAlert: boolean;
                        historicalDetection: boolean;
                        id: string;
                        /** @enum {string} */
                        indicatorType: "FileSha1" | "FileSha256" | "FileMd5" | "CertificateThumbprint" | "IpAddress" | "DomainName" | "Url";
                        indicatorValue: string;
                        lastUpdatedBy: string | null;
                        /** Format: date-time */
                        lastUpdateTime: string | null;
                        lookBackPeriod: string | null;
                        notificationBody: string | null;
                        notificationId: string | null;
                        rbacGroupIds: string[];
                        rbacGroupNames: string[];
                        recommendedActions: string | null;
                        /** @enum {string|null} */
                        severity: "Informational" | "Low" | "Medium" | "High" | null;
                        source: string | null;
                        /** @enum {string|null} */
                        sourceType: "User" | "AadApp" | null;
                        title: string;
                        version: string | null;
                    };
                };
            };
        };
    };
    "indicators.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        /** @enum {string} */
                        action: "Warn" | "Block" | "Audit" | "Alert" | "AlertAndBlock" | "BlockAndRemediate" | "Allowed";
                        additionalInfo: string | null;
                        application: string | null;
                        bypassDurationHours: number | null;
                        category: number | null;
                        certificateInfo: {
                            issuer: string;
                            serial: string;
                            sha256: string;
                            subject: string;
                        } | null;
                        createdBy: string;
                        createdByDisplayName: string | null;
                        createdBySource: string | null;
                        /** Format: date-time */
                        creationTimeDateTimeUtc: string;
                        description: string | null;
                        educateUrl: string | null;
                        /** Format: date-time */
                        expirationTime: string | null;
                        externalId: string | null;
                        generateAlert: boolean;
                        historicalDetection: boolean;
                        id: string;
                        /** @enum {string} */
                        indicatorType: "FileSha1" | "FileSha256" | "FileMd5" | "CertificateThumbprint" | "IpAddress" | "DomainName" | "Url";
                        indicatorValue: string;
                        lastUpdatedBy: string | null;
                        /** Format: date-time */
                        lastUpdateTime: string | null;
                        lookBackPeriod: string | null;
                        notificationBody: string | null;
                        notificationId: string | null;
                        rbacGroupIds: string[];
                        rbacGroupNames: string[];
                        recommendedActions: string | null;
                        /** @enum {string|null} */
                        severity: "Informational" | "Low" | "Medium" | "High" | null;
                        source: string | null;
                        /** @enum {string|null} */
                        sourceType: "User" | "AadApp" | null;
                        title: string;
                        version: string | null;
                    };
                };
            };
        };
    };
    "indicators.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "ips.alerts": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "ips.machines": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadDeviceId: string | null;
                            agentVersion: string | null;
                            computerDnsName: string | null;
                            defenderAvStatus: string | null;
                            /** @enum {string|null} */
                            deviceValue: "Normal" | "Low" | "High" | null;
                            exclusionReason: string | null;
                            /** @enum {string|null} */
                            exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                            /** @enum {string|null} */
                            exposureScore: "None" | "Low" | "Medium" | "High" | null;
                            /** Format: date-time */
                            firstSeen: string;
                            groupName: string | null;
                            /** @enum {string} */
                            healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                            id: string;
                            ipAddresses: {
                                ipAddress: string;
                                macAddress: string | null;
                                operationalStatus: string | null;
                                type: string | null;
                            }[] | null;
                            isAadJoined: boolean | null;
                            isExcluded: boolean;
                            isPotentialDuplication: boolean;
                            lastExternalIpAddress: string | null;
                            lastIpAddress: string | null;
                            /** Format: date-time */
                            lastSeen: string;
                            machineTags: string[];
                            managedBy: string | null;
                            managedByStatus: string | null;
                            mergedIntoMachineId: string | null;
                            /** @enum {string} */
                            onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                            /** @enum {string|null} */
                            osArchitecture: "32-bit" | "64-bit" | null;
                            osBuild: number | null;
                            osPlatform: string;
                            osProcessor: string | null;
                            osVersion: string | null;
                            parentDevice: string | null;
                            rbacGroupId: number | null;
                            rbacGroupName: string | null;
                            /** @enum {string|null} */
                            riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                            systemProductName: string | null;
                            version: string | null;
                            vmMetadata: {
                                cloudProvider: string;
                                resourceId: string | null;
                                subscriptionId: string | null;
                                vmId: string | null;
                            } | null;
                        }[];
                    };
                };
            };
        };
    };
    "ips.stats": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        ipAddress: string;
                        organizationPrevalence: number;
                        /** Format: date-time */
                        orgFirstSeen: string | null;
                        /** Format: date-time */
                        orgLastSeen: string | null;
                        orgPrevalence: string;
                    };
                };
            };
        };
    };
    "machineactions.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            cancellationComment: string | null;
                            /** Format: date-time */
                            cancellationDateTimeUtc: string | null;
                            cancellationRequestor: string | null;
                            commands: {
                                command: {
                                    params: {
                                        key: string;
                                        value: string;
                                    }[];
                                    /** @enum {string} */
                                    type: "PutFile" | "RunScript" | "GetFile";
                                };
                                /** @enum {string} */
                                commandStatus: "Created" | "Completed" | "Failed";
                                /** Format: date-time */
                                endTime: string | null;
                                errors: string[];
                                index: number;
                                /** Format: date-time */
                                startTime: string | null;
                            }[] | null;
                            computerDnsName: string | null;
                            /** Format: date-time */
                            creationDateTimeUtc: string;
                            error?: string | null;
                            errorHResult: number;
                            externalId: string | null;
                            fileId?: string | null;
                            fileInstances?: {
                                filePath: string;
                                status: string;
                            }[] | null;
                            id: string;
                            /** Format: date-time */
                            lastUpdateDateTimeUtc: string;
                            machineId: string;
                            relatedFileInfo: {
                                fileIdentifier: string;
                                /** @enum {string} */
                                fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                            } | null;
                            requestor: string;
                            requestorComment: string | null;
                            requestSource: string | null;
                            /** @enum {string|null} */
                            scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                            sha1?: string | null;
                            /** @enum {string} */
                            status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                            title: string | null;
                            troubleshootInfo: string | null;
                            /** @enum {string} */
                            type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                        }[];
                    };
                };
            };
        };
    };
    "machineactions.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machineactions.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment?: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machineactions.packageUri": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        value: string;
                    };
                };
            };
        };
    };
    "machinegroups.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            description: string;
                            id: number;
                            name: string;
                            ungrouped: boolean;
                        }[];
                    };
                };
            };
        };
    };
    "machines.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadDeviceId: string | null;
                            agentVersion: string | null;
                            computerDnsName: string | null;
                            defenderAvStatus: string | null;
                            /** @enum {string|null} */
                            deviceValue: "Normal" | "Low" | "High" | null;
                            exclusionReason: string | null;
                            /** @enum {string|null} */
                            exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                            /** @enum {string|null} */
                            exposureScore: "None" | "Low" | "Medium" | "High" | null;
                            /** Format: date-time */
                            firstSeen: string;
                            groupName: string | null;
                            /** @enum {string} */
                            healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                            id: string;
                            ipAddresses: {
                                ipAddress: string;
                                macAddress: string | null;
                                operationalStatus: string | null;
                                type: string | null;
                            }[] | null;
                            isAadJoined: boolean | null;
                            isExcluded: boolean;
                            isPotentialDuplication: boolean;
                            lastExternalIpAddress: string | null;
                            lastIpAddress: string | null;
                            /** Format: date-time */
                            lastSeen: string;
                            machineTags: string[];
                            managedBy: string | null;
                            managedByStatus: string | null;
                            mergedIntoMachineId: string | null;
                            /** @enum {string} */
                            onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                            /** @enum {string|null} */
                            osArchitecture: "32-bit" | "64-bit" | null;
                            osBuild: number | null;
                            osPlatform: string;
                            osProcessor: string | null;
                            osVersion: string | null;
                            parentDevice: string | null;
                            rbacGroupId: number | null;
                            rbacGroupName: string | null;
                            /** @enum {string|null} */
                            riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                            systemProductName: string | null;
                            version: string | null;
                            vmMetadata: {
                                cloudProvider: string;
                                resourceId: string | null;
                                subscriptionId: string | null;
                                vmId: string | null;
                            } | null;
                        }[];
                    };
                };
            };
        };
    };
    "machines.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        aadDeviceId: string | null;
                        agentVersion: string | null;
                        computerDnsName: string | null;
                        defenderAvStatus: string | null;
                        /** @enum {string|null} */
                        deviceValue: "Normal" | "Low" | "High" | null;
                        exclusionReason: string | null;
                        /** @enum {string|null} */
                        exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                        /** @enum {string|null} */
                        exposureScore: "None" | "Low" | "Medium" | "High" | null;
                        /** Format: date-time */
                        firstSeen: string;
                        groupName: string | null;
                        /** @enum {string} */
                        healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                        id: string;
                        ipAddresses: {
                            ipAddress: string;
                            macAddress: string | null;
                            operationalStatus: string | null;
                            type: string | null;
                        }[] | null;
                        isAadJoined: boolean | null;
                        isExcluded: boolean;
                        isPotentialDuplication: boolean;
                        lastExternalIpAddress: string | null;
                        lastIpAddress: string | null;
                        /** Format: date-time */
                        lastSeen: string;
                        machineTags: string[];
                        managedBy: string | null;
                        managedByStatus: string | null;
                        mergedIntoMachineId: string | null;
                        /** @enum {string} */
                        onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                        /** @enum {string|null} */
                        osArchitecture: "32-bit" | "64-bit" | null;
                        osBuild: number | null;
                        osPlatform: string;
                        osProcessor: string | null;
                        osVersion: string | null;
                        parentDevice: string | null;
                        rbacGroupId: number | null;
                        rbacGroupName: string | null;
                        /** @enum {string|null} */
                        riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                        systemProductName: string | null;
                        version: string | null;
                        vmMetadata: {
                            cloudProvider: string;
                            resourceId: string | null;
                            subscriptionId: string | null;
                            vmId: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    "machines.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    deviceValue?: "Normal" | "Low" | "High";
                    machineTags?: string[];
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        aadDeviceId: string | null;
                        agentVersion: string | null;
                        computerDnsName: string | null;
                        defenderAvStatus: string | null;
                        /** @enum {string|null} */
                        deviceValue: "Normal" | "Low" | "High" | null;
                        exclusionReason: string | null;
                        /** @enum {string|null} */
                        exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                        /** @enum {string|null} */
                        exposureScore: "None" | "Low" | "Medium" | "High" | null;
                        /** Format: date-time */
                        firstSeen: string;
                        groupName: string | null;
                        /** @enum {string} */
                        healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                        id: string;
                        ipAddresses: {
                            ipAddress: string;
                            macAddress: string | null;
                            operationalStatus: string | null;
                            type: string | null;
                        }[] | null;
                        isAadJoined: boolean | null;
                        isExcluded: boolean;
                        isPotentialDuplication: boolean;
                        lastExternalIpAddress: string | null;
                        lastIpAddress: string | null;
                        /** Format: date-time */
                        lastSeen: string;
                        machineTags: string[];
                        managedBy: string | null;
                        managedByStatus: string | null;
                        mergedIntoMachineId: string | null;
                        /** @enum {string} */
                        onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                        /** @enum {string|null} */
                        osArchitecture: "32-bit" | "64-bit" | null;
                        osBuild: number | null;
                        osPlatform: string;
                        osProcessor: string | null;
                        osVersion: string | null;
                        parentDevice: string | null;
                        rbacGroupId: number | null;
                        rbacGroupName: string | null;
                        /** @enum {string|null} */
                        riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                        systemProductName: string | null;
                        version: string | null;
                        vmMetadata: {
                            cloudProvider: string;
                            resourceId: string | null;
                            subscriptionId: string | null;
                            vmId: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    "machines.alerts": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "machines.collectInvestigationPackage": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.isolate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                    /** @enum {string} */
                    IsolationType?: "Full" | "Selective" | "UnManagedDevice";
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.logonusers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            accountDomain: string;
                            accountName: string;
                            accountSid: string | null;
                            /** Format: date-time */
                            firstSeen: string;
                            id: string;
                            isDomainAdmin: boolean | null;
                            isOnlyNetworkUser: boolean | null;
                            /** Format: date-time */
                            lastSeen: string;
                            leastPrevalentMachineId: string | null;
                            logOnMachinesCount: number | null;
                            logonTypes: string;
                            mostPrevalentMachineId: string | null;
                        }[];
                    };
                };
            };
        };
    };
    "machines.offboard": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.restoreQuarantinedFile": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                    Sha1: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.restrictCodeExecution": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.runAntiVirusScan": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                    Paths?: string[];
                    /** @enum {string} */
                    ScanType: "Quick" | "Full" | "Custom";
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.software": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            activeAlert: boolean;
                            category: string | null;
                            exposedMachines: number;
                            id: string;
                            impactScore: number;
                            installedMachines: number | null;
                            isNormalized: boolean | null;
                            name: string;
                            publicExploit: boolean;
                            vendor: string;
                            weaknesses: number;
                        }[];
                    };
                };
            };
        };
    };
    "machines.stopAndQuarantineFile": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                    Sha1: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.tags": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    Action: "Add" | "Remove";
                    Value: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        aadDeviceId: string | null;
                        agentVersion: string | null;
                        computerDnsName: string | null;
                        defenderAvStatus: string | null;
                        /** @enum {string|null} */
                        deviceValue: "Normal" | "Low" | "High" | null;
                        exclusionReason: string | null;
                        /** @enum {string|null} */
                        exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                        /** @enum {string|null} */
                        exposureScore: "None" | "Low" | "Medium" | "High" | null;
                        /** Format: date-time */
                        firstSeen: string;
                        groupName: string | null;
                        /** @enum {string} */
                        healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                        id: string;
                        ipAddresses: {
                            ipAddress: string;
                            macAddress: string | null;
                            operationalStatus: string | null;
                            type: string | null;
                        }[] | null;
                        isAadJoined: boolean | null;
                        isExcluded: boolean;
                        isPotentialDuplication: boolean;
                        lastExternalIpAddress: string | null;
                        lastIpAddress: string | null;
                        /** Format: date-time */
                        lastSeen: string;
                        machineTags: string[];
                        managedBy: string | null;
                        managedByStatus: string | null;
                        mergedIntoMachineId: string | null;
                        /** @enum {string} */
                        onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                        /** @enum {string|null} */
                        osArchitecture: "32-bit" | "64-bit" | null;
                        osBuild: number | null;
                        osPlatform: string;
                        osProcessor: string | null;
                        osVersion: string | null;
                        parentDevice: string | null;
                        rbacGroupId: number | null;
                        rbacGroupName: string | null;
                        /** @enum {string|null} */
                        riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                        systemProductName: string | null;
                        version: string | null;
                        vmMetadata: {
                            cloudProvider: string;
                            resourceId: string | null;
                            subscriptionId: string | null;
                            vmId: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    "machines.unisolate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "machines.unrestrictCodeExecution": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    Comment: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "approvals.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            cancellationComment: string | null;
                            /** Format: date-time */
                            cancellationDateTimeUtc: string | null;
                            cancellationRequestor: string | null;
                            commands: {
                                command: {
                                    params: {
                                        key: string;
                                        value: string;
                                    }[];
                                    /** @enum {string} */
                                    type: "PutFile" | "RunScript" | "GetFile";
                                };
                                /** @enum {string} */
                                commandStatus: "Created" | "Completed" | "Failed";
                                /** Format: date-time */
                                endTime: string | null;
                                errors: string[];
                                index: number;
                                /** Format: date-time */
                                startTime: string | null;
                            }[] | null;
                            computerDnsName: string | null;
                            /** Format: date-time */
                            creationDateTimeUtc: string;
                            error?: string | null;
                            errorHResult: number;
                            externalId: string | null;
                            fileId?: string | null;
                            fileInstances?: {
                                filePath: string;
                                status: string;
                            }[] | null;
                            id: string;
                            /** Format: date-time */
                            lastUpdateDateTimeUtc: string;
                            machineId: string;
                            relatedFileInfo: {
                                fileIdentifier: string;
                                /** @enum {string} */
                                fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                            } | null;
                            requestor: string;
                            requestorComment: string | null;
                            requestSource: string | null;
                            /** @enum {string|null} */
                            scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                            sha1?: string | null;
                            /** @enum {string} */
                            status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                            title: string | null;
                            troubleshootInfo: string | null;
                            /** @enum {string} */
                            type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                        }[];
                    };
                };
            };
        };
    };
    "approvals.approve": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    comment?: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "approvals.reject": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    comment?: string;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        cancellationComment: string | null;
                        /** Format: date-time */
                        cancellationDateTimeUtc: string | null;
                        cancellationRequestor: string | null;
                        commands: {
                            command: {
                                params: {
                                    key: string;
                                    value: string;
                                }[];
                                /** @enum {string} */
                                type: "PutFile" | "RunScript" | "GetFile";
                            };
                            /** @enum {string} */
                            commandStatus: "Created" | "Completed" | "Failed";
                            /** Format: date-time */
                            endTime: string | null;
                            errors: string[];
                            index: number;
                            /** Format: date-time */
                            startTime: string | null;
                        }[] | null;
                        computerDnsName: string | null;
                        /** Format: date-time */
                        creationDateTimeUtc: string;
                        error?: string | null;
                        errorHResult: number;
                        externalId: string | null;
                        fileId?: string | null;
                        fileInstances?: {
                            filePath: string;
                            status: string;
                        }[] | null;
                        id: string;
                        /** Format: date-time */
                        lastUpdateDateTimeUtc: string;
                        machineId: string;
                        relatedFileInfo: {
                            fileIdentifier: string;
                            /** @enum {string} */
                            fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                        } | null;
                        requestor: string;
                        requestorComment: string | null;
                        requestSource: string | null;
                        /** @enum {string|null} */
                        scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                        sha1?: string | null;
                        /** @enum {string} */
                        status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                        title: string | null;
                        troubleshootInfo: string | null;
                        /** @enum {string} */
                        type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                    };
                };
            };
        };
    };
    "audit.list": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            action: string;
                            actorId: string;
                            actorKind: string;
                            actorName: string;
                            appId: string | null;
                            correlationId: string | null;
                            details: {
                                [key: string]: unknown;
                            };
                            id: string;
                            outcome: string;
                            sourceIp: string | null;
                            targetId: string | null;
                            targetKind: string | null;
                            time: string;
                        }[];
                    };
                };
            };
        };
    };
    "events.watch": {
        parameters: {
            query?: {
                seconds?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    "huntingBudget.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        enforced: boolean;
                        query: {
                            lookbackDays: number;
                            maxMemoryBytes: number;
                            maxResultBytes: number;
                            maxRows: number;
                            maxSeconds: number;
                        };
                        value: {
                            left: number;
                            limit: number;
                            /** @enum {unknown} */
                            meter: "api" | "xdr" | "portal";
                            per: string;
                            /** @enum {unknown} */
                            quota: "calls" | "runSeconds";
                            resetsTime: string;
                            used: number;
                        }[];
                    };
                };
            };
        };
    };
    "huntingQueries.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        value: {
                            createdTime: string;
                            description: string;
                            folderId: string | null;
                            /** Format: uuid */
                            id: string;
                            lastUpdatedBy: string;
                            lastUpdatedTime: string;
                            name: string;
                            ownerId: string;
                            ownerName: string;
                            shared: boolean;
                        }[];
                    };
                };
            };
        };
    };
    "huntingQueries.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    folderId?: string | null;
                    name: string;
                    query: string;
                    shared: boolean;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        createdTime: string;
                        description: string;
                        folderId: string | null;
                        /** Format: uuid */
                        id: string;
                        lastUpdatedBy: string;
                        lastUpdatedTime: string;
                        name: string;
                        ownerId: string;
                        ownerName: string;
                        query: string;
                        shared: boolean;
                    };
                };
            };
        };
    };
    "huntingQueries.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        createdTime: string;
                        description: string;
                        folderId: string | null;
                        /** Format: uuid */
                        id: string;
                        lastUpdatedBy: string;
                        lastUpdatedTime: string;
                        name: string;
                        ownerId: string;
                        ownerName: string;
                        query: string;
                        shared: boolean;
                    };
                };
            };
        };
    };
    "huntingQueries.remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "huntingQueries.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    folderId?: string | null;
                    name?: string;
                    query?: string;
                    shared?: boolean;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        createdTime: string;
                        description: string;
                        folderId: string | null;
                        /** Format: uuid */
                        id: string;
                        lastUpdatedBy: string;
                        lastUpdatedTime: string;
                        name: string;
                        ownerId: string;
                        ownerName: string;
                        query: string;
                        shared: boolean;
                    };
                };
            };
        };
    };
    "invitation.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        value: {
                            acceptedAt: string | null;
                            expiresAt: string;
                            homeTenantId: string;
                            id: string;
                            invitedAt: string;
                            invitedBy: string;
                            /** @enum {unknown} */
                            status: "Invited" | "Accepted" | "Ended";
                            tenantId: string;
                            tenantName: string;
                            user: string;
                        }[];
                    };
                };
            };
        };
    };
    "liveresponse.list": {
        parameters: {
            query?: {
                status?: "AwaitingApproval" | "Connecting" | "Connected" | "Ended";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        value: {
                            approvalComment: string | null;
                            approvalPolicy: string | null;
                            approvedBy: string | null;
                            comment: string;
                            computerDnsName: string;
                            connectedDateTimeUtc: string | null;
                            creationDateTimeUtc: string;
                            endDateTimeUtc: string | null;
                            endReason: string | null;
                            id: string;
                            lastActivityDateTimeUtc: string;
                            lastPosition: number;
                            machineId: string;
                            requestor: string;
                            status: string;
                        }[];
                    };
                };
            };
        };
    };
    "liveresponse.start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    comment: string;
                    machineId: string;
                };
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvalComment: string | null;
                        approvalPolicy: string | null;
                        approvedBy: string | null;
                        comment: string;
                        computerDnsName: string;
                        connectedDateTimeUtc: string | null;
                        creationDateTimeUtc: string;
                        endDateTimeUtc: string | null;
                        endReason: string | null;
                        id: string;
                        lastActivityDateTimeUtc: string;
                        lastPosition: number;
                        machineId: string;
                        requestor: string;
                        status: string;
                    };
                };
            };
        };
    };
    "liveresponse.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvalComment: string | null;
                        approvalPolicy: string | null;
                        approvedBy: string | null;
                        comment: string;
                        computerDnsName: string;
                        connectedDateTimeUtc: string | null;
                        creationDateTimeUtc: string;
                        endDateTimeUtc: string | null;
                        endReason: string | null;
                        id: string;
                        lastActivityDateTimeUtc: string;
                        lastPosition: number;
                        machineId: string;
                        requestor: string;
                        status: string;
                    };
                };
            };
        };
    };
    "liveresponse.close": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvalComment: string | null;
                        approvalPolicy: string | null;
                        approvedBy: string | null;
                        comment: string;
                        computerDnsName: string;
                        connectedDateTimeUtc: string | null;
                        creationDateTimeUtc: string;
                        endDateTimeUtc: string | null;
                        endReason: string | null;
                        id: string;
                        lastActivityDateTimeUtc: string;
                        lastPosition: number;
                        machineId: string;
                        requestor: string;
                        status: string;
                    };
                };
            };
        };
    };
    "liveresponse.result": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                command: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        value: string;
                    };
                };
            };
        };
    };
    "liveresponse.ticket": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        expiresDateTimeUtc: string;
                        ticket: string;
                        url: string;
                    };
                };
            };
        };
    };
    "machines.bulkOrder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    MachineIds: string[];
                    Order: {
                        [key: string]: unknown;
                    };
                    /** @enum {unknown} */
                    Type: "Isolate" | "Unisolate" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RunAntiVirusScan" | "StopAndQuarantineFile" | "RestoreQuarantinedFile" | "CollectInvestigationPackage" | "Offboard";
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        value: {
                            action: {
                                cancellationComment: string | null;
                                /** Format: date-time */
                                cancellationDateTimeUtc: string | null;
                                cancellationRequestor: string | null;
                                commands: {
                                    command: {
                                        params: {
                                            key: string;
                                            value: string;
                                        }[];
                                        /** @enum {string} */
                                        type: "PutFile" | "RunScript" | "GetFile";
                                    };
                                    /** @enum {string} */
                                    commandStatus: "Created" | "Completed" | "Failed";
                                    /** Format: date-time */
                                    endTime: string | null;
                                    errors: string[];
                                    index: number;
                                    /** Format: date-time */
                                    startTime: string | null;
                                }[] | null;
                                computerDnsName: string | null;
                                /** Format: date-time */
                                creationDateTimeUtc: string;
                                error?: string | null;
                                errorHResult: number;
                                externalId: string | null;
                                fileId?: string | null;
                                fileInstances?: {
                                    filePath: string;
                                    status: string;
                                }[] | null;
                                id: string;
                                /** Format: date-time */
                                lastUpdateDateTimeUtc: string;
                                machineId: string;
                                relatedFileInfo: {
                                    fileIdentifier: string;
                                    /** @enum {string} */
                                    fileIdentifierType: "Sha1" | "Sha256" | "Md5";
                                } | null;
                                requestor: string;
                                requestorComment: string | null;
                                requestSource: string | null;
                                /** @enum {string|null} */
                                scope: "Full" | "Selective" | "Quick" | "Custom" | null;
                                sha1?: string | null;
                                /** @enum {string} */
                                status: "Pending" | "InProgress" | "Succeeded" | "Failed" | "TimeOut" | "Cancelled";
                                title: string | null;
                                troubleshootInfo: string | null;
                                /** @enum {string} */
                                type: "RunAntiVirusScan" | "Offboard" | "LiveResponse" | "CollectInvestigationPackage" | "Isolate" | "Unisolate" | "StopAndQuarantineFile" | "RestrictCodeExecution" | "UnrestrictCodeExecution" | "RestoreQuarantinedFile";
                            } | null;
                            error: {
                                code: string;
                                message: string;
                            } | null;
                            machineId: string;
                        }[];
                    };
                };
            };
        };
    };
    "me.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        deviceGroups: "all" | string[];
                        id: string;
                        name: string;
                        permissions: string[];
                        roles: string[];
                        tenantId: string;
                    };
                };
            };
        };
    };
    "users.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        accountDomain: string;
                        accountName: string;
                        accountSid: string | null;
                        /** Format: date-time */
                        firstSeen: string;
                        id: string;
                        isDomainAdmin: boolean | null;
                        isOnlyNetworkUser: boolean | null;
                        /** Format: date-time */
                        lastSeen: string;
                        leastPrevalentMachineId: string | null;
                        logOnMachinesCount: number | null;
                        logonTypes: string;
                        mostPrevalentMachineId: string | null;
                    };
                };
            };
        };
    };
    "users.alerts": {
        parameters: {
            query?: {
                $count?: boolean;
                $expand?: string;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadTenantId: string;
                            /** Format: date-time */
                            alertCreationTime: string | null;
                            assignedTo: string | null;
                            category: string;
                            /** @enum {string|null} */
                            classification: "TruePositive" | "InformationalExpectedActivity" | "FalsePositive" | null;
                            comments: {
                                comment: string;
                                createdBy: string;
                                /** Format: date-time */
                                createdTime: string;
                            }[];
                            computerDnsName: string | null;
                            description: string;
                            detectionSource: string;
                            detectorId: string | null;
                            /** @enum {string|null} */
                            determination: "MultiStagedAttack" | "MaliciousUserActivity" | "CompromisedUser" | "Malware" | "Phishing" | "UnwantedSoftware" | "SecurityTesting" | "LineOfBusinessApplication" | "ConfirmedUserActivity" | "Clean" | "InsufficientData" | "Other" | null;
                            evidence: {
                                aadUserId: string | null;
                                accountName: string | null;
                                detectionStatus: string | null;
                                domainName: string | null;
                                /** @enum {string} */
                                entityType: "User" | "Process" | "File" | "Url" | "Ip" | "Registry";
                                /** Format: date-time */
                                evidenceCreationTime: string | null;
                                fileName: string | null;
                                filePath: string | null;
                                ipAddress: string | null;
                                /** Format: date-time */
                                parentProcessCreationTime: string | null;
                                parentProcessFileName: string | null;
                                parentProcessFilePath: string | null;
                                parentProcessId: number | null;
                                processCommandLine: string | null;
                                /** Format: date-time */
                                processCreationTime: string | null;
                                processId: number | null;
                                registryHive: string | null;
                                registryKey: string | null;
                                registryValue: string | null;
                                registryValueName: string | null;
                                registryValueType: string | null;
                                sha1: string | null;
                                sha256: string | null;
                                url: string | null;
                                userPrincipalName: string | null;
                                userSid: string | null;
                            }[];
                            /** Format: date-time */
                            firstEventTime: string | null;
                            id: string;
                            incidentId: number | null;
                            investigationId: number | null;
                            /** @enum {string|null} */
                            investigationState: "Unknown" | "Terminated" | "SuccessfullyRemediated" | "Benign" | "Failed" | "PartiallyRemediated" | "Running" | "PendingApproval" | "PendingResource" | "PartiallyInvestigated" | "TerminatedByUser" | "TerminatedBySystem" | "Queued" | "InnerFailure" | "PreexistingAlert" | "UnsupportedOs" | "UnsupportedAlertType" | "SuppressedAlert" | null;
                            /** Format: date-time */
                            lastEventTime: string | null;
                            /** Format: date-time */
                            lastUpdateTime: string | null;
                            loggedOnUsers: {
                                accountName: string;
                                domainName: string;
                            }[] | null;
                            machineId: string | null;
                            mitreTechniques: string[];
                            rbacGroupName: string | null;
                            recommendedAction: string | null;
                            relatedUser: {
                                domainName: string;
                                userName: string;
                            } | null;
                            /** Format: date-time */
                            resolvedTime: string | null;
                            /** @enum {string} */
                            severity: "UnSpecified" | "Informational" | "Low" | "Medium" | "High";
                            /** @enum {string} */
                            status: "Unknown" | "New" | "InProgress" | "Resolved";
                            threatFamilyName: string | null;
                            threatName: string | null;
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    "users.machines": {
        parameters: {
            query?: {
                $count?: boolean;
                $filter?: string;
                $orderby?: string;
                $select?: string;
                $skip?: number;
                $skiptoken?: string;
                $top?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        "@odata.context": string;
                        "@odata.count"?: number;
                        "@odata.nextLink"?: string;
                        value: {
                            aadDeviceId: string | null;
                            agentVersion: string | null;
                            computerDnsName: string | null;
                            defenderAvStatus: string | null;
                            /** @enum {string|null} */
                            deviceValue: "Normal" | "Low" | "High" | null;
                            exclusionReason: string | null;
                            /** @enum {string|null} */
                            exposureLevel: "None" | "Low" | "Medium" | "High" | null;
                            /** @enum {string|null} */
                            exposureScore: "None" | "Low" | "Medium" | "High" | null;
                            /** Format: date-time */
                            firstSeen: string;
                            groupName: string | null;
                            /** @enum {string} */
                            healthStatus: "Active" | "Inactive" | "ImpairedCommunication" | "NoSensorData" | "NoSensorDataImpairedCommunication" | "Unknown";
                            id: string;
                            ipAddresses: {
                                ipAddress: string;
                                macAddress: string | null;
                                operationalStatus: string | null;
                                type: string | null;
                            }[] | null;
                            isAadJoined: boolean | null;
                            isExcluded: boolean;
                            isPotentialDuplication: boolean;
                            lastExternalIpAddress: string | null;
                            lastIpAddress: string | null;
                            /** Format: date-time */
                            lastSeen: string;
                            machineTags: string[];
                            managedBy: string | null;
                            managedByStatus: string | null;
                            mergedIntoMachineId: string | null;
                            /** @enum {string} */
                            onboardingStatus: "Onboarded" | "CanBeOnboarded" | "Unsupported" | "InsufficientInfo";
                            /** @enum {string|null} */
                            osArchitecture: "32-bit" | "64-bit" | null;
                            osBuild: number | null;
                            osPlatform: string;
                            osProcessor: string | null;
                            osVersion: string | null;
                            parentDevice: string | null;
                            rbacGroupId: number | null;
                            rbacGroupName: string | null;
                            /** @enum {string|null} */
                            riskScore: "None" | "Informational" | "Low" | "Medium" | "High" | null;
                            systemProductName: string | null;
                            version: string | null;
                            vmMetadata: {
                                cloudProvider: string;
                                resourceId: string | null;
                                subscriptionId: string | null;
                                vmId: string | null;
                            } | null;
                        }[];
                    };
                };
            };
        };
    };
}
