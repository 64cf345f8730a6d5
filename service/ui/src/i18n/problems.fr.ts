/** What failed and what to do, by the service's codes, in French. */
import type { problemsEn } from './problems.en';

export const problemsFr: Record<keyof typeof problemsEn, string> = {
  problem_unreachable: 'Le service est injoignable\u00a0: rien n’est confirmé. Vérifiez le réseau, puis réessayez.',
  problem_timeout: 'Le service n’a pas répondu dans les 5\u00a0s\u00a0: rien n’est confirmé. Réessayez.',
  problem_unexpected:
    'Le service a donné une réponse que cette page ne connaît pas ({status}). Réessayez\u00a0; si cela persiste, signalez-le.',
  problem_other: 'Le service a refusé\u00a0: {detail} ({code})',
  problem_internal:
    'Le service a échoué. Réessayez\u00a0; si cela persiste, signalez-le avec ce numéro\u00a0: {id}',
  problem_login_refused:
    'Nom ou mot de passe incorrect, ou compte désactivé. Réessayez ou adressez-vous à un chef d’équipe.',
  problem_too_many_logins: 'Trop de connexions échouées. Attendez {seconds}\u00a0s, puis réessayez.',
  problem_not_logged_in: 'Vous n’êtes plus connecté. Reconnectez-vous.',
  problem_session_ended: 'Votre session est terminée. Reconnectez-vous.',
  problem_origin_refused:
    'Le service n’accepte pas d’ordres depuis cette adresse. Ouvrez la page à l’adresse du service.',
  problem_not_allowed: 'Votre rôle ne le permet pas. Adressez-vous à un chef d’équipe.',
  problem_not_found: 'Cela n’existe pas (ou plus). Rechargez la page.',
  problem_malformed: 'Le service n’a pas accepté la saisie\u00a0: {detail}',
  problem_too_large: 'La saisie est trop longue. Raccourcissez-la.',
  problem_key_reused: 'Cette commande a déjà été donnée avec un autre contenu. Redonnez-la.',
  problem_already_acknowledged: 'Quelqu’un d’autre a déjà pris cette alerte en charge\u00a0: son nom figure ci-dessous.',
  problem_not_acknowledged: 'Prenez d’abord l’alerte en charge.',
  problem_no_outcome: 'Consignez d’abord le résultat.',
  problem_closed: 'C’est clos et ne peut plus être modifié.',
  problem_exists: 'Cela existe déjà.',
  problem_last_supervisor:
    'C’est le dernier chef d’équipe\u00a0: sans lui, personne ne pourrait gérer les comptes. Nommez-en d’abord un autre.',
  problem_scan_open: 'Ce contrôle est encore ouvert\u00a0: terminez-le d’abord, puis effacez.',
  problem_lane_revoked: 'Cette voie a été retirée du service\u00a0: elle ne prend aucune commande.',
  problem_store_unavailable:
    'Le service ne peut pas écrire sur son disque\u00a0: rien n’a été enregistré. Notez-le sur papier et appelez un technicien.',
  problem_wrong_password: 'Le mot de passe est incorrect.',
  problem_wrong_pin: 'Ce n’est pas correct. Après cinq erreurs il faut se reconnecter.',
  problem_not_expected: 'Ce véhicule n’est plus attendu\u00a0: commencez sans lui.',
  problem_locked:
    'Cette guérite est verrouillée. Donnez votre code ou votre mot de passe, puis recommencez\u00a0: rien de ce qui a été saisi n’est perdu.',
  problem_reauthenticate: 'Il faut redonner votre mot de passe.',
  problem_too_many: 'Trop de demandes d’ici. Attendez {seconds}\u00a0s, puis réessayez.',
  problem_too_many_streams: 'Trop de pages sont ouvertes avec cette connexion. Fermez-en.',
};
