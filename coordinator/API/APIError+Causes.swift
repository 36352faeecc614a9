import APITypes
import CoordinatorCore
import CoordinatorStore
import Logging

extension APIError {
    init(_ refusal: CommandRefusal) {
        let status =
            switch refusal.code {
            case .notFound: 404
            case .conflict: 409
            case .invalid: 400
            case .impossible: 422
            case .limitReached: 429
            case .storeUnavailable, .nodeUnreachable: 503
            case .tokenInvalid: 401
            }
        self.init(
            status, refusal.code.rawValue, refusal.message,
            retryAfterSeconds: status == 429 || status == 503 ? 2 : nil)
    }

    /// Logs what is not for the client.
    init(_ error: any Error, logger: Logger) {
        switch error {
        case let error as APIError: self = error
        case let refusal as CommandRefusal: self.init(refusal)
        case let error as StoreError:
            logger.error("The API cannot read the store", metadata: ["error": "\(error)"])
            self = .storeUnavailable
        default:
            logger.error("A request of the API failed", metadata: ["error": "\(error)"])
            self = .internalError
        }
    }
}
