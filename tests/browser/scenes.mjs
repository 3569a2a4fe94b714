// scenes.mjs - what the test's device observes: itself, a network, and two attacks on that network.
const ROUTER = '02:00:5e:10:00:01';
const ATTACKER = '02:00:5e:66:66:66';
export const CAFE = 'net-c0ffee0123456789';
export const HOST = 'check.picket.test';
export { ATTACKER, ROUTER };

export const started = { kind: 'agent', body: { event: 'started', version: '0.1.0', sensors: [{ name: 'arp', state: 'on' }] } };

export const posture = {
    kind: 'posture',
    body: {
        platform: 'linux', model: 'Test Bench 3000', os_name: 'Debian GNU/Linux', os_version: '12 (bookworm)',
        kernel: '6.1.0-28-amd64', patch: new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10),
        updates_waiting: 0, disk_encrypted: false, screen_lock: true, developer_mode: false, root_signs: [],
    },
};

export const joined = {
    kind: 'network',
    on: CAFE,
    body: {
        event: 'joined', link: 'wifi', security: 'wpa2', bssid: '02:00:5e:20:00:01', gateway: '192.0.2.1',
        gateway_mac: ROUTER, dns: ['192.0.2.1'], dhcp_server: '192.0.2.1',
    },
};

export const left = { kind: 'network', on: CAFE, body: { event: 'left', link: 'wifi' } };

// The router still answers when asked, and another one claims its address all the time.
export const arpSpoof = {
    kind: 'gateway',
    on: CAFE,
    body: {
        address: '192.0.2.1', mac: ATTACKER, mac_before: ROUTER, mac_rival: ATTACKER, probes: 3, old_answers: 3,
        rival_claims: 20, unasked_claims: 20, link_lost_ms: 0, rival_also: ['192.0.2.66'],
    },
};

export const forgedTls = (chain) => ({
    kind: 'tls',
    on: CAFE,
    body: {
        host: HOST, port: 443, address: '192.0.2.80', outcome: 'untrusted',
        error: 'unable to get local issuer certificate', version: 'TLSv1.3', chain, captive: false,
    },
});
