import CNcurses
import Dashboard
import XMPP

/// What was done at the terminal.
enum Input {
    case key(Key)
    case press(Screen.Position)
    case wheelUp, wheelDown
}

extension Terminal {
    /// Keys taken in one round: whoever sends more must not keep the screen from being painted.
    static let maximumInputs = 256

    /// What was typed since the last question, up to ``maximumInputs``.
    func takeInputs() -> [Input] {
        var inputs: [Input] = []
        for _ in 0..<Self.maximumInputs {
            var code: UInt32 = 0
            let kind = lapwing_get_key(lapwing_window(), &code)
            if kind == Int32(lapwing_no_key) { break }
            let input =
                kind == Int32(lapwing_character)
                ? Self.character(code).map(Input.key) : Self.functionKey(Int32(bitPattern: code))
            if let input { inputs.append(input) }
        }
        return inputs
    }

    private static func character(_ code: UInt32) -> Key? {
        switch code {
        case 9: return .tab
        case 10, 13: return .enter
        case 27: return .escape
        case 8, 127: return .backspace
        case 1...26: return Unicode.Scalar(code + 0x60).map { .control($0) }
        default: break
        }
        guard code >= 0x20, let scalar = Unicode.Scalar(code) else { return nil }
        return .character(scalar)
    }

    private static func functionKey(_ code: Int32) -> Input? {
        switch code {
        case KEY_UP: return .key(.up)
        case KEY_DOWN: return .key(.down)
        case KEY_LEFT: return .key(.left)
        case KEY_RIGHT: return .key(.right)
        case KEY_PPAGE: return .key(.pageUp)
        case KEY_NPAGE: return .key(.pageDown)
        case KEY_HOME: return .key(.home)
        case KEY_END: return .key(.end)
        case KEY_ENTER: return .key(.enter)
        case KEY_BTAB: return .key(.backTab)
        case KEY_BACKSPACE: return .key(.backspace)
        case KEY_DC: return .key(.delete)
        case KEY_MOUSE: return mouse()
        case (KEY_F0 + 1)...(KEY_F0 + 12): return .key(.function(Int(code - KEY_F0)))
        default: return nil
        }
    }

    private static func mouse() -> Input? {
        var row: Int32 = 0
        var column: Int32 = 0
        switch lapwing_get_mouse(&row, &column) {
        case Int32(lapwing_press): return .press(.init(row: Int(row), column: Int(column)))
        case Int32(lapwing_wheel_up): return .wheelUp
        case Int32(lapwing_wheel_down): return .wheelDown
        default: return nil
        }
    }
}
